"""The task runner's contract, part one: accepting, finding, cancelling, and dead letters."""

import asyncio
from datetime import timedelta

import pytest

from agent_host.errors import (
    ConfigurationError,
    ConflictError,
    DrainingError,
    PermanentTaskError,
)
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskRunner
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_fixture import MINUTE, key, let_others_run, until
from agent_host.testing.task_fixture import ONCE, Recorder, RunnerFixture, spec
from agent_host.types.identifier import TASK_PREFIX, TaskId
from agent_host.types.store import ABSENT, Put
from agent_host.types.task import RetryPolicy, Task, TaskSpec, TaskStatus

UNKNOWN = TaskId("tsk_unknown")


async def _give_up(_: Task) -> None:
    message = "No further attempt can help."
    raise PermanentTaskError(message)


async def wait_for_ever(_: Task) -> None:
    await asyncio.Event().wait()


class ScheduleSuite(RunnerFixture):
    """What callers and operators do."""

    async def test_is_as_durable_as_its_store(self, runner: TaskRunner, store: StateStore) -> None:
        assert runner.durable == store.durable

    async def test_a_kind_has_one_handler(self, runner: TaskRunner) -> None:
        runner.register("kind", Recorder(), concurrency=1, retry=ONCE)
        with pytest.raises(ConfigurationError, match="kind"):
            runner.register("kind", Recorder(), concurrency=1, retry=ONCE)

    async def test_handlers_come_before_the_start(self, runner: TaskRunner) -> None:
        runner.resume()
        with pytest.raises(ConfigurationError, match="late"):
            runner.register("late", Recorder(), concurrency=1, retry=ONCE)

    async def test_work_that_nobody_does_is_refused(self, runner: TaskRunner) -> None:
        with pytest.raises(ConfigurationError, match="nobody's"):
            await runner.schedule(spec(kind="nobody's"))

    async def test_starts_nothing_before_resume(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        handler = Recorder()
        runner.register("kind", handler, concurrency=1, retry=ONCE)
        task = await runner.schedule(spec("x"))
        await let_others_run()
        clock.advance(MINUTE)
        await let_others_run()
        assert handler.attempts == []
        runner.resume()
        runner.resume()
        await until(lambda: handler.ended == 1)
        assert handler.attempts[0].id == task.id

    async def test_a_handler_gets_the_task_as_it_was_scheduled(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        handler = Recorder()
        runner.register("kind", handler, concurrency=1, retry=ONCE)
        runner.resume()
        work = TaskSpec(
            kind="kind",
            payload=bytes(range(256)) * 100,
            key="k\0",
            lane="l\0",
            trace_context={"traceparent": "00-1-2-03"},
        )
        task = await runner.schedule(work)
        assert task.id.startswith(TASK_PREFIX)
        assert (task.spec, task.status, task.starts) == (work, TaskStatus.SCHEDULED, 0)
        assert task.created_at == task.due_at == clock.now()
        await until(lambda: handler.ended == 1)
        (seen,) = handler.attempts
        assert (seen.id, seen.spec, seen.starts) == (task.id, work, 1)
        await self.until_status(runner, task, TaskStatus.SUCCEEDED)

    async def test_unknown_tasks_are_none(self, runner: TaskRunner) -> None:
        assert await runner.get(UNKNOWN) is None

    async def test_a_delayed_task_waits(self, runner: TaskRunner, clock: ManualClock) -> None:
        handler = Recorder()
        runner.register("kind", handler, concurrency=1, retry=ONCE)
        runner.resume()
        await runner.schedule(spec("late", delay=MINUTE))
        await runner.schedule(spec("soon", delay=timedelta(seconds=30)))
        await runner.schedule(spec("now"))
        await until(lambda: handler.ended == 1)
        clock.advance(timedelta(seconds=29))
        await let_others_run()
        assert handler.payloads == ["now"]
        clock.advance(timedelta(seconds=1))
        await until(lambda: handler.ended == 2)
        clock.advance(timedelta(seconds=29))
        await let_others_run()
        assert handler.payloads == ["now", "soon"]
        clock.advance(timedelta(seconds=1))
        await until(lambda: handler.ended == 3)
        assert handler.payloads == ["now", "soon", "late"]

    async def test_what_is_written_alongside_is_there(
        self, runner: TaskRunner, store: StateStore
    ) -> None:
        runner.register("kind", Recorder(), concurrency=1, retry=ONCE)
        await runner.schedule(spec(), alongside=[Put(key("a"), b"1", expect=ABSENT)])
        record = await store.get(key("a"))
        assert record is not None
        assert record.value == b"1"

    async def test_a_conflict_alongside_schedules_nothing(
        self, runner: TaskRunner, store: StateStore
    ) -> None:
        handler = Recorder()
        runner.register("kind", handler, concurrency=1, retry=ONCE)
        runner.resume()
        await store.commit([Put(key("a"), b"1")])
        for work in (spec(), spec(key="k"), spec(lane="l"), spec(key="k2", lane="l")):
            with pytest.raises(ConflictError):
                await runner.schedule(
                    work, alongside=[Put(key("b"), b""), Put(key("a"), b"2", expect=ABSENT)]
                )
        await let_others_run()
        assert handler.attempts == []
        assert await store.get(key("b")) is None
        task = await runner.schedule(spec(key="k"))
        await until(lambda: handler.ended == 1)
        assert handler.attempts[0].id == task.id

    async def test_a_key_that_is_known_gives_the_earlier_task(
        self, runner: TaskRunner, store: StateStore
    ) -> None:
        handler = Recorder()
        runner.register("kind", handler, concurrency=1, retry=ONCE)
        runner.register("other", handler, concurrency=1, retry=ONCE)
        first = await runner.schedule(spec("1", key="k"))
        again = await runner.schedule(spec("2", key="k"), alongside=[Put(key("a"), b"")])
        assert again == first
        assert await store.get(key("a")) is None
        assert (await runner.schedule(spec("3", key="K"))).id != first.id
        assert (await runner.schedule(spec("4", kind="other", key="k"))).id != first.id
        runner.resume()
        await until(lambda: handler.ended == 3)
        await self.until_status(runner, first, TaskStatus.SUCCEEDED)
        done = await runner.schedule(spec("5", key="k"))
        assert (done.id, done.status) == (first.id, TaskStatus.SUCCEEDED)
        await let_others_run()
        assert sorted(handler.payloads) == ["1", "3", "4"]

    async def test_one_of_many_with_the_same_key_is_done(self, runner: TaskRunner) -> None:
        handler = Recorder()
        runner.register("kind", handler, concurrency=8, retry=ONCE)
        runner.resume()
        async with asyncio.TaskGroup() as group:
            schedules = [
                group.create_task(runner.schedule(spec(str(number), key="k", lane="l")))
                for number in range(20)
            ]
        assert len({schedule.result().id for schedule in schedules}) == 1
        await until(lambda: handler.ended == 1)
        await let_others_run()
        assert len(handler.attempts) == 1

    async def test_what_was_cancelled_is_not_attempted(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        handler = Recorder()
        runner.register("kind", handler, concurrency=1, retry=ONCE)
        waiting = await runner.schedule(spec("waiting"))
        delayed = await runner.schedule(spec("delayed", delay=MINUTE))
        assert await runner.cancel(waiting.id)
        runner.resume()
        assert await runner.cancel(delayed.id)
        for task in (waiting, delayed):
            await self.until_status(runner, task, TaskStatus.CANCELLED)
            assert not await runner.cancel(task.id)
        assert not await runner.cancel(UNKNOWN)
        last = await runner.schedule(spec("last"))
        clock.advance(2 * MINUTE)
        await self.until_status(runner, last, TaskStatus.SUCCEEDED)
        assert handler.payloads == ["last"]
        assert not await runner.cancel(last.id)

    async def test_an_attempt_is_cancelled_where_it_stands(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        handler = Recorder(wait_for_ever)
        runner.register("kind", handler, concurrency=1, retry=RetryPolicy())
        runner.resume()
        task = await runner.schedule(spec(lane="l"))
        following = await runner.schedule(spec(lane="l"))
        await until(lambda: handler.running == 1)
        assert await runner.cancel(task.id)
        await until(lambda: handler.cancelled == 1)
        await self.until_status(runner, task, TaskStatus.CANCELLED)
        assert not await runner.cancel(task.id)
        await until(lambda: handler.running == 1)
        assert handler.attempts[-1].id == following.id
        clock.advance(timedelta(hours=1))
        await let_others_run()
        assert [one.id for one in handler.attempts].count(task.id) == 1

    async def test_dead_letters_are_listed_oldest_first(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        runner.register("kind", Recorder(_give_up), concurrency=2, retry=RetryPolicy())
        runner.resume()
        ids: list[TaskId] = []
        for _ in range(5):
            task = await runner.schedule(spec())
            ids.append(task.id)
            clock.advance(timedelta(seconds=1))
            await self.until_status(runner, task, TaskStatus.DEAD)
        found: list[Task] = []
        after: str | None = None
        sizes: list[int] = []
        while True:
            page = await runner.dead_letters(after=after, limit=2)
            sizes.append(len(page.items))
            found += page.items
            after = page.next_cursor
            if after is None:
                break
        assert sizes == [2, 2, 1]
        assert sorted(task.id for task in found) == sorted(ids)
        assert [task.last_error for task in found] == ["permanent"] * 5

    async def test_a_dead_letter_is_replayed_under_its_own_id(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        broken = True

        async def outcome(task: Task) -> None:
            if broken:
                raise LookupError(task.id)

        handler = Recorder(outcome)
        runner.register("kind", handler, concurrency=1, retry=RetryPolicy(attempts_limit=2))
        runner.resume()
        task = await runner.schedule(spec("x", key="k", lane="l"))
        await until(lambda: handler.ended == 2, clock=clock)
        await self.until_status(runner, task, TaskStatus.DEAD)
        assert (await runner.schedule(spec("y", key="k"))).status is TaskStatus.DEAD
        broken = False
        assert await runner.replay(task.id)
        await self.until_status(runner, task, TaskStatus.SUCCEEDED)
        assert [(one.id, one.starts) for one in handler.attempts] == [
            (task.id, 1),
            (task.id, 2),
            (task.id, 1),
        ]
        assert (await runner.dead_letters()).items == ()
        assert not await runner.replay(task.id)
        assert not await runner.replay(UNKNOWN)

    async def test_a_purged_dead_letter_is_forgotten(self, runner: TaskRunner) -> None:
        handler = Recorder(_give_up)
        runner.register("kind", handler, concurrency=1, retry=ONCE)
        runner.resume()
        task = await runner.schedule(spec(key="k"))
        assert not await runner.purge(UNKNOWN)
        await self.until_status(runner, task, TaskStatus.DEAD)
        assert await runner.purge(task.id)
        assert await runner.get(task.id) is None
        assert (await runner.dead_letters()).items == ()
        assert not await runner.purge(task.id)
        assert not await runner.replay(task.id)
        assert (await runner.schedule(spec(key="k"))).id != task.id

    async def test_only_dead_letters_are_replayed_and_purged(self, runner: TaskRunner) -> None:
        runner.register("kind", Recorder(), concurrency=1, retry=ONCE)
        task = await runner.schedule(spec())
        assert not await runner.replay(task.id)
        assert not await runner.purge(task.id)
        assert await runner.get(task.id) == task

    async def test_a_drained_runner_takes_nothing(self, runner: TaskRunner) -> None:
        runner.register("kind", Recorder(), concurrency=1, retry=ONCE)
        await runner.drain(timedelta())
        with pytest.raises(DrainingError):
            await runner.schedule(spec())

    async def until_status(self, runner: TaskRunner, task: Task, status: TaskStatus) -> None:
        while (found := await runner.get(task.id)) is None or found.status is not status:
            await let_others_run()


__all__ = ["ScheduleSuite", "wait_for_ever"]
