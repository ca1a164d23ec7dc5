"""The channel keeps the contract that every channel of the host keeps."""

import pytest

from agent_host.testing.channel_driver import ChannelDriver
from agent_host.testing.channel_suite import ChannelSuite
from agent_host_text_line import TextLineChannel
from agent_host_text_line.testing import TextLineDriver


class TestTextLineChannel(ChannelSuite):
    @pytest.fixture
    def channel_type(self) -> type:
        return TextLineChannel

    @pytest.fixture
    def driver(self) -> ChannelDriver:
        return TextLineDriver()
