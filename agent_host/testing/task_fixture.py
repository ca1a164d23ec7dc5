"""What the parts of the task runner's contract suite share: runners, handlers, a store to cut."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import pytest

from agent_host.protocols.clock import Clock
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskRunner
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_double import SeverableStore
from agent_host.testing.store_factory import StoreFactory
from agent_host.testing.store_fixture import StoreFixture
from agent_host.types.task import RetryPolicy, Task, TaskSpec

Process: TypeAlias = Callable[[], AbstractAsyncContextManager[TaskRunner]]
ONCE: Final = RetryPolicy(attempts_limit=1)


class RunnerFactory(Protocol):
    """Makes a runner over a store that was entered, telling time by `clock`."""

    def __call__(self, store: StateStore, clock: Clock) -> TaskRunner:
        """The runner, not entered yet."""
        ...


class RunnerFixture(StoreFixture):
    """Runners over one store; a second one is the next process."""

    @pytest.fixture
    def make_runner(self) -> RunnerFactory:
        """Override it with the factory of the runner to be tested."""
        raise NotImplementedError

    @pytest.fixture
    async def store(
        self, factory: StoreFactory, clock: ManualClock, tmp_path: Path
    ) -> AsyncIterator[StateStore]:
        async with factory(clock, tmp_path) as store:
            yield SeverableStore(store, clock=clock)

    @pytest.fixture
    async def runner(
        self, make_runner: RunnerFactory, store: StateStore, clock: ManualClock
    ) -> AsyncIterator[TaskRunner]:
        async with make_runner(store, clock) as runner:
            yield runner

    @pytest.fixture
    def process(self, make_runner: RunnerFactory, store: StateStore, clock: ManualClock) -> Process:
        """Call it for a runner in a process of its own, which is killed at the end."""

        @asynccontextmanager
        async def killed() -> AsyncGenerator[TaskRunner, None]:
            severed = SeverableStore(store)
            async with make_runner(severed, clock) as runner:
                yield runner
                severed.cut = True

        return killed


class Recorder:
    """A handler that notes its attempts. `outcome` is called in each; it may wait or raise."""

    def __init__(self, outcome: Callable[[Task], Awaitable[None]] | None = None) -> None:
        self.attempts: list[Task] = []
        self.running = 0
        self.most_running = 0
        self.ended = 0
        self.cancelled = 0
        self._outcome = outcome

    async def __call__(self, task: Task) -> None:
        self.attempts.append(task)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            if self._outcome is not None:
                await self._outcome(task)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1
            self.ended += 1

    @property
    def payloads(self) -> list[str]:
        return [task.spec.payload.decode() for task in self.attempts]


def spec(
    payload: str = "",
    *,
    kind: str = "kind",
    key: str | None = None,
    lane: str | None = None,
    delay: timedelta = timedelta(),
) -> TaskSpec:
    """Work of which only some parts matter."""
    return TaskSpec(kind=kind, payload=payload.encode(), key=key, lane=lane, delay=delay)


__all__ = [
    "ONCE",
    "Process",
    "Recorder",
    "RunnerFactory",
    "RunnerFixture",
    "spec",
]
