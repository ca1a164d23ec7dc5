"""Every installed store keeps the contract of `StateStore`."""

import pytest

from agent_host.testing.state_store_suite import StateStoreSuite
from agent_host.testing.store_factory import StoreFactory
from tests.contract.store_factories import store_factory, store_names


class TestStateStore(StateStoreSuite):
    @pytest.fixture(params=store_names())
    def factory(self, request: pytest.FixtureRequest) -> StoreFactory:
        name: str = request.param
        return store_factory(name)


def test_the_memory_store_is_among_them() -> None:
    assert "memory" in store_names()
