"""The task runner's contract, part eight: tasks that are begun as they are accepted.

A runner may leave all of them to `schedule`; then most of this has nothing to look at.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import pytest

from agent_host.errors import (
    ConfigurationError,
    ConflictError,
    DrainingError,
    PermanentTaskError,
    RetryTaskError,
)
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import PreparedAttempt, TaskRunner
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_fixture import MINUTE, key, let_others_run, until
from agent_host.testing.task_fixture import ONCE, Process, Recorder, RunnerFixture, spec
from agent_host.testing.task_write_suite import Ledger
from agent_host.types.store import ABSENT, Put, Write
from agent_host.types.task import RetryPolicy, Task, TaskCounts

_PATIENT: Final = RetryPolicy()


async def begin(runner: TaskRunner, work: Recorder, payload: str = "", *, lane: str = "l") -> bool:
    """Begin a task whose work is this, with nothing written beside it."""

    async def prepare(_: Task) -> PreparedAttempt:
        return PreparedAttempt((), work)

    return await runner.begin(spec(payload, lane=lane), prepare)


async def open_runner(
    runner: TaskRunner,
    handler: Recorder,
    *,
    concurrency: int = 4,
    retry: RetryPolicy = _PATIENT,
) -> None:
    """Register the handler and resume, until tasks can be begun."""
    runner.register("kind", handler, concurrency=concurrency, retry=retry, keeps_done=False)
    runner.resume()
    await _until_begun(runner)


async def _until_begun(runner: TaskRunner) -> None:
    """Return when tasks can be begun: a runner looks at what it was left first."""
    probe = Recorder()
    while not await begin(runner, probe, lane="probe"):
        await let_others_run()
    await until(lambda: probe.ended == 1)
    while (await runner.summary())["kind"].attempting:
        await let_others_run()


class BeginSuite(RunnerFixture):
    """One commit less for what need not wait; the same in all else."""

    @pytest.fixture
    def ledger(self, store: StateStore) -> Ledger:
        return Ledger(store)

    async def test_what_is_begun_is_stored_with_its_writes_and_done_once(
        self, runner: TaskRunner, ledger: Ledger
    ) -> None:
        handler = Recorder()
        await open_runner(runner, handler)
        handled = handler.ended
        assert await runner.begin(spec("work", lane="l"), ledger.prepare)
        await until(lambda: bool(ledger.worked))
        ((task, seen),) = ledger.worked
        assert (task.spec.payload, task.starts, seen) == (b"work", 1, b"begun")
        while await ledger.written(task) != b"done":
            await let_others_run()
        assert handler.ended == handled
        assert (await runner.kept()).items == ()

    async def test_what_is_done_is_kept_unless_it_is_said_otherwise(
        self, runner: TaskRunner, ledger: Ledger
    ) -> None:
        runner.register("kind", ledger.handle, concurrency=1, retry=ONCE)
        runner.resume()
        while not await runner.begin(spec(), ledger.prepare):
            await let_others_run()
        await until(lambda: bool(ledger.worked))
        ((task, _),) = ledger.worked
        while (found := await runner.get(task.id)) is None or found.over_at is None:
            await let_others_run()
        assert found.starts == 1

    async def test_nothing_is_begun_out_of_its_time(self, runner: TaskRunner) -> None:
        work, handler = Recorder(), Recorder()
        runner.register("kind", handler, concurrency=4, retry=ONCE)

        async def prepare(_: Task) -> PreparedAttempt:
            return PreparedAttempt((), work)

        assert not await begin(runner, work)
        assert not await runner.begin(spec(), prepare)
        runner.resume()
        await _until_begun(runner)
        assert not await runner.begin(spec(key="k"), prepare)
        assert not await runner.begin(spec(delay=MINUTE), prepare)
        with pytest.raises(ConfigurationError):
            await runner.begin(spec(kind="nobody's"), prepare)
        await runner.drain(MINUTE)
        with pytest.raises(DrainingError):
            await runner.begin(spec(), prepare)
        assert work.attempts == []

    async def test_no_more_are_begun_than_there_is_room_for(self, runner: TaskRunner) -> None:
        goes_on = asyncio.Event()

        async def wait(_: Task) -> None:
            await goes_on.wait()

        handler, work = Recorder(), Recorder(wait)
        await open_runner(runner, handler, concurrency=2)
        assert await begin(runner, work, lane="a")
        assert await begin(runner, work, lane="b")
        assert not await begin(runner, work, lane="c")
        counts = (await runner.summary())["kind"]
        assert counts == TaskCounts(waiting=0, attempting=2)
        handled = handler.ended
        await runner.schedule(spec("waits", lane="d"))
        await let_others_run()
        assert handler.ended == handled
        goes_on.set()
        await until(lambda: handler.ended == handled + 1)
        assert work.ended == work.most_running == 2

    async def test_a_lane_is_kept_by_what_was_begun_in_it(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        goes_on, order = asyncio.Event(), list[str]()

        async def wait(task: Task) -> None:
            await goes_on.wait()
            order.append(task.spec.payload.decode())

        async def note(task: Task) -> None:
            order.append(task.spec.payload.decode())

        handler, work = Recorder(note), Recorder(wait)
        await open_runner(runner, handler)
        order.clear()
        assert await begin(runner, work, "1")
        assert not await begin(runner, work, "2")
        for number in "23":
            await runner.schedule(spec(number, lane="l"))
        await let_others_run()
        assert order == []
        goes_on.set()
        await until(lambda: len(order) == 3, clock=clock)
        assert order == ["1", "2", "3"]

    @pytest.mark.parametrize("others", ["3", ""])
    async def test_who_is_cancelled_behind_what_was_begun_calls_nobody(
        self, runner: TaskRunner, clock: ManualClock, *, others: str
    ) -> None:
        goes_on, handler = asyncio.Event(), Recorder()

        async def wait(_: Task) -> None:
            await goes_on.wait()

        work = Recorder(wait)
        await open_runner(runner, handler)
        assert await begin(runner, work, "1")
        second = await runner.schedule(spec("2", lane="l"))
        for number in others:
            await runner.schedule(spec(number, lane="l"))
        assert await runner.cancel(second.id)
        await let_others_run()
        assert not {"2", *others}.intersection(handler.payloads)
        counts = (await runner.summary())["kind"]
        assert (counts.waiting, counts.attempting) == (len(others), 1)
        goes_on.set()
        await until(lambda: work.ended == 1, clock=clock)
        await until(lambda: not others or others in handler.payloads, clock=clock)
        assert "2" not in handler.payloads

    async def test_nothing_is_begun_in_a_lane_where_another_waits(self, runner: TaskRunner) -> None:
        work = Recorder()
        await open_runner(runner, Recorder())
        await runner.schedule(spec("later", lane="l", delay=MINUTE))
        assert not await begin(runner, work)
        assert await begin(runner, work, lane="another")
        await until(lambda: work.ended == 1)

    async def test_nothing_is_done_that_cannot_be_prepared(
        self, runner: TaskRunner, ledger: Ledger
    ) -> None:
        await open_runner(runner, Recorder(), concurrency=1)

        async def refuse(_: Task) -> None:
            return None

        async def postpone(_: Task) -> PreparedAttempt:
            raise RetryTaskError("not yet", MINUTE)

        async def fail(_: Task) -> PreparedAttempt:
            raise LookupError

        async def conflict(task: Task) -> PreparedAttempt:
            return PreparedAttempt([Put(key(task.id), b"", 7)], ledger.work)

        for _ in range(2):
            assert not await runner.begin(spec(lane="l"), refuse)
            assert not await runner.begin(spec(lane="l"), postpone)
        with pytest.raises(LookupError):
            await runner.begin(spec(lane="fails"), fail)
        with pytest.raises(ConflictError):
            await runner.begin(spec(lane="conflicts"), conflict)
        assert await runner.begin(spec(lane="l"), ledger.prepare)
        await until(lambda: bool(ledger.worked))
        assert (await runner.kept()).items == ()

    async def test_who_comes_to_a_lane_while_another_begins_is_not_left_there(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        handler = Recorder()
        await open_runner(runner, handler)
        handled, came = handler.ended, list[asyncio.Task[Task]]()
        async with asyncio.TaskGroup() as group:

            async def refuse(_: Task) -> None:
                came.append(group.create_task(runner.schedule(spec("second", lane="l"))))
                await let_others_run()

            assert not await runner.begin(spec("first", lane="l"), refuse)
        await until(lambda: handler.ended == handled + 1, clock=clock)
        assert handler.payloads[-1] == "second"

    async def test_a_begun_attempt_that_fails_is_followed_by_others(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        order: list[str] = []

        async def note(task: Task) -> None:
            order.append(task.spec.payload.decode())

        async def fail(task: Task) -> None:
            await note(task)
            await runner.schedule(spec("second", lane="l"))
            raise LookupError

        handler = Recorder(note)
        await open_runner(runner, handler)
        order.clear()
        assert await begin(runner, Recorder(fail), "first")
        await until(lambda: len(order) == 3, clock=clock)
        assert order == ["first", "first", "second"]
        assert [task.starts for task in handler.attempts[-2:]] == [2, 1]

    async def test_a_begun_task_that_is_given_up_is_a_dead_letter(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        async def refuse(_: Task) -> None:
            raise PermanentTaskError("never")

        handler = Recorder()
        await open_runner(runner, handler)
        assert await begin(runner, Recorder(refuse), "dead")
        while not (dead := (await runner.dead_letters()).items):
            await let_others_run()
        assert (dead[0].spec.payload, dead[0].starts) == (b"dead", 1)
        assert await runner.replay(dead[0].id)
        await until(lambda: handler.payloads[-1:] == ["dead"], clock=clock)

    async def test_writes_that_conflict_at_its_end_have_the_handler_look(
        self, runner: TaskRunner, store: StateStore, ledger: Ledger
    ) -> None:
        async def overtaken(task: Task) -> Sequence[Write]:
            await store.commit([Put(ledger.place(task), b"another's")])
            return [Put(ledger.place(task), b"done", ABSENT)]

        async def prepare(_: Task) -> PreparedAttempt:
            return PreparedAttempt((), overtaken)

        runner.register("kind", ledger.handle, concurrency=1, retry=ONCE, keeps_done=False)
        runner.resume()
        while not await runner.begin(spec(lane="l"), prepare):
            await let_others_run()
        await until(lambda: ledger.handled == 1)
        while (await runner.summary())["kind"] != TaskCounts():
            await let_others_run()

    @pytest.mark.parametrize(("limit", "ended"), [(2, 1), (1, 0)])
    async def test_a_begun_attempt_counts_after_a_crash_and_keeps_its_lane(
        self,
        process: Process,
        clock: ManualClock,
        *,
        limit: int,
        ended: int,
    ) -> None:
        retry = RetryPolicy(attempts_limit=limit)

        async def hang(_: Task) -> None:
            await asyncio.Event().wait()

        stuck, handler = Recorder(hang), Recorder()
        async with process() as earlier:
            await open_runner(earlier, Recorder(), retry=retry)
            assert await begin(earlier, stuck, "first")
            await earlier.schedule(spec("second", lane="l"))
            await until(lambda: stuck.running == 1)
        async with process() as later:
            later.register("kind", handler, concurrency=4, retry=retry, keeps_done=False)
            await later.schedule(spec("third", lane="l"))
            later.resume()
            await until(lambda: handler.ended == ended + 2, clock=clock)
            assert len((await later.dead_letters()).items) == 1 - ended
        assert handler.payloads == ["first", "second", "third"][1 - ended :]
        assert [task.starts for task in handler.attempts][:ended] == [2][:ended]

    async def test_a_begun_attempt_that_is_stopped_does_not_count(
        self, process: Process, runner: TaskRunner
    ) -> None:
        async def hang(_: Task) -> None:
            await asyncio.Event().wait()

        stuck, handler = Recorder(hang), Recorder()
        async with process() as earlier:
            await open_runner(earlier, Recorder(), retry=ONCE)
            assert await begin(earlier, stuck, "stopped")
            await until(lambda: stuck.running == 1)
            await earlier.drain(timedelta())
        runner.register("kind", handler, concurrency=1, retry=ONCE)
        runner.resume()
        await until(lambda: handler.ended == 1)
        ((task),) = handler.attempts
        assert (task.spec.payload, task.starts) == (b"stopped", 1)

    async def test_a_drain_waits_for_what_is_being_begun(
        self, process: Process, runner: TaskRunner
    ) -> None:
        goes_on, work, handler = asyncio.Event(), Recorder(), Recorder()

        async def wait(_: Task) -> PreparedAttempt:
            await goes_on.wait()
            return PreparedAttempt((), work)

        async with process() as earlier:
            await open_runner(earlier, Recorder(), retry=ONCE)
            begun = asyncio.ensure_future(earlier.begin(spec("late", lane="l"), wait))
            await let_others_run()
            drained = asyncio.ensure_future(earlier.drain(timedelta()))
            await let_others_run()
            assert not drained.done()
            goes_on.set()
            await drained
            assert await begun
        assert work.attempts == []
        runner.register("kind", handler, concurrency=1, retry=ONCE)
        runner.resume()
        await until(lambda: handler.ended == 1)
        assert [(task.spec.payload, task.starts) for task in handler.attempts] == [(b"late", 1)]


__all__ = ["BeginSuite", "begin", "open_runner"]
