"""Who is let into a lane, and when: one after the other, whoever of them goes away meanwhile."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest

from agent_host.errors import StoreUnavailableError
from agent_host.protocols.state_store import StateStore
from agent_host.runner.lane import Lanes
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.runner.task_record import LANES
from agent_host.runner.timeline import Timeline
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_fixture import let_others_run, until
from agent_host.testing.task_begin_suite import open_runner
from agent_host.testing.task_fixture import Recorder, spec
from agent_host.testing.task_schedule_suite import wait_for_ever
from agent_host.types.store import Put, Write
from tests.runner.test_begun_doubt import DoubtfulStore


class Queue:
    """People at one lane. Whoever is let in stays until `leave` is called."""

    def __init__(self, store: StateStore, clock: ManualClock) -> None:
        self.lanes = Lanes(store, Timeline(clock))
        self.inside: list[str] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._leaves: dict[str, asyncio.Event] = {}

    async def come(self, *names: str) -> None:
        for name in names:
            self._leaves[name] = asyncio.Event()
            self._tasks[name] = asyncio.ensure_future(self._stay(name))
            await let_others_run()

    async def leave(self, name: str) -> None:
        self._leaves[name].set()
        await self._tasks[name]

    async def cancel(self, name: str) -> None:
        self._tasks[name].cancel()
        with suppress(asyncio.CancelledError):
            await self._tasks[name]

    async def _stay(self, name: str) -> None:
        async with self.lanes.held("lane"):
            self.inside.append(name)
            await self._leaves[name].wait()
            self.inside.remove(name)


@pytest.fixture
def queue(store: StateStore, clock: ManualClock) -> Queue:
    return Queue(store, clock)


async def test_who_comes_waits_for_those_before(queue: Queue) -> None:
    await queue.come("1", "2", "3")
    for name in "123":
        assert queue.inside == [name]
        await queue.leave(name)
        await let_others_run()
    assert not queue.lanes.turnstiles


async def test_who_has_gone_away_is_not_waited_for(queue: Queue) -> None:
    await queue.come("1", "2", "3", "4")
    await queue.cancel("2")
    await queue.cancel("3")
    assert queue.inside == ["1"]
    await queue.leave("1")
    await let_others_run()
    assert queue.inside == ["4"]
    await queue.leave("4")
    assert not queue.lanes.turnstiles


async def test_who_goes_away_as_it_is_let_in_lets_the_next_in(queue: Queue) -> None:
    async with queue.lanes.held("lane"):
        await queue.come("1", "2")
    await queue.cancel("1")  # it is called, and has not heard it
    await let_others_run()
    assert queue.inside == ["2"]
    await queue.leave("2")
    assert not queue.lanes.turnstiles


def joins(writes: Sequence[Write]) -> bool:
    return any(isinstance(one, Put) and one.key.collection == LANES for one in writes)


async def test_who_may_have_joined_a_lane_keeps_it_from_the_next(clock: ManualClock) -> None:
    handler = Recorder(wait_for_ever)
    async with DoubtfulStore(clock) as store, StoreTaskRunner(store, clock=clock) as runner:
        await open_runner(runner, handler)
        store.loses = joins
        with pytest.raises(StoreUnavailableError):
            await runner.schedule(spec("first", lane="l"))
        await runner.schedule(spec("second", lane="l"))
        await until(lambda: handler.running > 0)
        await let_others_run()
        assert handler.payloads[-1] == "first"
        assert handler.running == 1
