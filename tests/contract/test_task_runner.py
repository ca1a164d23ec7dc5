"""Our task runner keeps the contract of `TaskRunner` over every installed store of one process."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent_host.protocols.clock import Clock
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskRunner
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_double import SeverableStore
from agent_host.testing.store_factory import StoreFactory
from agent_host.testing.task_fixture import RunnerFactory
from agent_host.testing.task_runner_suite import TaskRunnerSuite
from tests.contract.store_factories import store_factory, store_names


def make_store_task_runner(store: StateStore, clock: Clock) -> TaskRunner:
    return StoreTaskRunner(store, clock=clock)


class TestStoreTaskRunner(TaskRunnerSuite):
    @pytest.fixture(params=store_names())
    def factory(self, request: pytest.FixtureRequest) -> StoreFactory:
        name: str = request.param
        return store_factory(name)

    @pytest.fixture
    def make_runner(self) -> RunnerFactory:
        return make_store_task_runner


class TestOverASlowStore(TestStoreTaskRunner):
    """Each call of the store gives up the loop, as one on disk or over a network does."""

    @pytest.fixture
    async def store(
        self, factory: StoreFactory, clock: ManualClock, tmp_path: Path
    ) -> AsyncIterator[StateStore]:
        async with factory(clock, tmp_path) as store:
            yield SeverableStore(store, suspends=True, clock=clock)
