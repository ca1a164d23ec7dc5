"""Tasks that wait too long are told of, once; and what waits is counted for metrics."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta

import pytest

from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.runner.task_watch import LATE_AFTER, LOOK_EVERY
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_double import SeverableStore
from agent_host.testing.store_fixture import MINUTE, let_others_run, until
from agent_host.testing.task_fixture import ONCE, Recorder, spec
from agent_host.types.task import Task, TaskCounts

WATCH = "agent_host.runner.task_watch"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(clock: ManualClock) -> AsyncIterator[SeverableStore]:
    async with MemoryStateStore(clock=clock) as behind:
        yield SeverableStore(behind)


async def test_a_kind_that_is_behind_is_told_of_once_and_when_it_is_over(
    store: SeverableStore, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=WATCH)
    go = asyncio.Event()

    async def wait(_: Task) -> None:
        await go.wait()

    told: list[tuple[Mapping[str, TaskCounts], datetime]] = []

    def note(counts: Mapping[str, TaskCounts], at: datetime) -> None:
        told.append((counts, at))

    stuck, fine = Recorder(wait), Recorder()
    async with StoreTaskRunner(store, clock=clock, on_counted=note) as runner:
        runner.register("stuck", stuck, concurrency=1, retry=ONCE)
        runner.register("fine", fine, concurrency=1, retry=ONCE)
        runner.resume()
        await runner.schedule(spec(kind="stuck"))
        await until(lambda: stuck.running == 1)
        began = clock.now()
        await runner.schedule(spec(kind="stuck"))
        await runner.schedule(spec(kind="stuck", delay=timedelta(days=1)))
        await runner.schedule(spec(kind="fine"))
        while clock.now() < began + LATE_AFTER - LOOK_EVERY:
            clock.advance(LOOK_EVERY)
            await let_others_run()
        assert caplog.messages == []
        for _ in range(5):
            clock.advance(LOOK_EVERY)
            await let_others_run()
        (warning,) = caplog.messages
        assert warning == (
            "a task of kind stuck has been due for 300 s and is not attempted; 2 wait, 1 are "
            "under way"
        )
        counts, at = told[-1]
        assert counts["stuck"] == TaskCounts(waiting=2, attempting=1)
        assert (counts["stuck"].oldest_due_at, at > began) == (began, True)
        assert counts["fine"].oldest_due_at is None
        go.set()
        await until(lambda: stuck.ended == 2)
        clock.advance(LOOK_EVERY)
        await let_others_run()
        assert caplog.messages[1:] == ["tasks of kind stuck are attempted in time again"]
        assert told[-1][0]["stuck"].oldest_due_at == began + timedelta(days=1)


async def test_a_store_that_is_away_is_asked_again(
    store: SeverableStore, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Mapping[str, TaskCounts]] = []
    async with StoreTaskRunner(
        store, clock=clock, on_counted=lambda counts, _: told.append(counts)
    ) as runner:
        runner.register("kind", Recorder(), concurrency=1, retry=ONCE)
        runner.resume()
        await let_others_run()
        store.cut = True
        clock.advance(MINUTE)
        await let_others_run()
        assert told == []
        assert "tasks cannot be counted: store_unavailable" in caplog.messages
        store.cut = False
        clock.advance(MINUTE)
        await let_others_run()
        assert told == [{"kind": TaskCounts()}]
