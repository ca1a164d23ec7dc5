"""Every installed channel keeps the contract of `Channel`."""

import pytest

from agent_host.registry import channel_names, load_channel
from agent_host.testing.channel_driver import ChannelDriver
from agent_host.testing.channel_suite import ChannelSuite
from tests.contract.channel_drivers import channel_driver


class TestChannel(ChannelSuite):
    @pytest.fixture(params=channel_names())
    def name(self, request: pytest.FixtureRequest) -> str:
        name: str = request.param
        return name

    @pytest.fixture
    def channel_type(self, name: str) -> type:
        return load_channel(name)

    @pytest.fixture
    def driver(self, name: str) -> ChannelDriver:
        return channel_driver(name)


def test_rest_is_among_them() -> None:
    assert "rest" in channel_names()
