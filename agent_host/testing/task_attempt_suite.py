"""The task runner's contract, part two: attempts, drains, and the next process."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from agent_host.errors import RetryTaskError
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskRunner
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_fixture import MINUTE, SECOND, let_others_run, until, with_time
from agent_host.testing.task_fixture import (
    ONCE,
    Process,
    Recorder,
    RunnerFactory,
    RunnerFixture,
    spec,
)
from agent_host.testing.task_lane_suite import fill_lane
from agent_host.testing.task_schedule_suite import wait_for_ever
from agent_host.types.task import RetryPolicy, Task, TaskStatus


class AttemptSuite(RunnerFixture):
    """What the runner does by itself."""

    async def test_never_more_at_once_than_said(self, runner: TaskRunner) -> None:
        go = asyncio.Event()

        async def outcome(task: Task) -> None:
            await go.wait()
            for _ in range(int(task.spec.payload)):
                await asyncio.sleep(0)

        few, many = Recorder(outcome), Recorder(outcome)
        runner.register("few", few, concurrency=2, retry=ONCE)
        runner.register("many", many, concurrency=7, retry=ONCE)
        for number in range(40):
            await runner.schedule(spec(str(number % 9), kind="few" if number % 2 else "many"))
        runner.resume()
        await until(lambda: few.running + many.running == 9)
        for number in range(40):
            await runner.schedule(spec(str(number % 9), kind="few" if number % 2 else "many"))
        go.set()
        await until(lambda: few.ended + many.ended == 80)
        assert (few.most_running, many.most_running) == (2, 7)

    async def test_a_stuck_kind_does_not_hold_up_others(self, runner: TaskRunner) -> None:
        stuck, other = Recorder(wait_for_ever), Recorder()
        runner.register("stuck", stuck, concurrency=1, retry=ONCE)
        runner.register("other", other, concurrency=1, retry=ONCE)
        runner.resume()
        for _ in range(5):
            await runner.schedule(spec(kind="stuck"))
            await runner.schedule(spec(kind="other"))
        await until(lambda: other.ended == 5)
        assert len(stuck.attempts) == 1

    async def test_tasks_are_begun_in_the_order_they_are_due(self, runner: TaskRunner) -> None:
        handler = Recorder()
        runner.register("kind", handler, concurrency=1, retry=ONCE)
        expected = [str(number) for number in range(30)]
        for payload in expected:
            await runner.schedule(spec(payload))
        runner.resume()
        await until(lambda: handler.ended == 30)
        assert handler.payloads == expected

    async def test_a_failure_is_tried_again_then_given_up(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        began: list[datetime] = []

        async def outcome(task: Task) -> None:
            began.append(clock.now())
            raise LookupError(task.id)

        handler = Recorder(outcome)
        policy = RetryPolicy(attempts_limit=4, first_delay=8 * SECOND, last_delay=12 * SECOND)
        runner.register("kind", handler, concurrency=1, retry=policy)
        runner.resume()
        task = await runner.schedule(spec())
        step = timedelta(milliseconds=100)
        await until(lambda: handler.ended == 4, clock=clock, step=step)
        await self.until_dead(runner, 1)
        clock.advance(timedelta(hours=1))
        await let_others_run()
        assert [attempt.starts for attempt in handler.attempts] == [1, 2, 3, 4]
        (dead,) = (await runner.dead_letters()).items
        assert (dead.id, dead.starts, dead.status) == (task.id, 4, TaskStatus.DEAD)
        assert dead.last_error == "handler_error"
        waits = [later - earlier for earlier, later in pairwise(began)]
        for wait, longest in zip(waits, (8, 12, 12), strict=True):
            assert wait <= timedelta(seconds=longest) + 5 * step

    async def test_what_failed_together_does_not_return_together(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        returned: list[datetime] = []

        async def outcome(task: Task) -> None:
            if task.starts == 1:
                raise LookupError(task.id)
            returned.append(clock.now())

        policy = RetryPolicy(first_delay=MINUTE)
        runner.register("kind", Recorder(outcome), concurrency=50, retry=policy)
        for _ in range(50):
            await runner.schedule(spec())
        runner.resume()
        await until(lambda: len(returned) == 50, clock=clock)
        assert len(set(returned)) > 10

    async def test_a_retry_comes_no_earlier_than_asked_for(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        began: list[float] = []

        async def outcome(task: Task) -> None:
            began.append(clock.monotonic())
            if task.starts < 3:
                message = "Too many requests."
                raise RetryTaskError(message, retry_after=MINUTE)

        policy = RetryPolicy(first_delay=2 * SECOND)
        runner.register("kind", Recorder(outcome), concurrency=1, retry=policy)
        runner.resume()
        await runner.schedule(spec())
        await until(lambda: len(began) == 3, clock=clock)
        for earlier, later in pairwise(began):
            assert 60 <= later - earlier <= 64

    async def test_a_handler_that_hangs_is_stopped(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        handler = Recorder(wait_for_ever)
        policy = RetryPolicy(attempts_limit=2, time_limit=5 * SECOND, first_delay=SECOND)
        runner.register("kind", handler, concurrency=1, retry=policy)
        runner.resume()
        await runner.schedule(spec())
        await until(lambda: handler.running == 1)
        clock.advance(4 * SECOND)
        await let_others_run()
        assert handler.running == 1
        await until(lambda: handler.cancelled == 2, clock=clock)
        await self.until_dead(runner, 1)
        (dead,) = (await runner.dead_letters()).items
        assert (dead.starts, dead.last_error) == (2, "timeout")

    async def test_a_handler_that_cancels_itself_has_failed(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        async def outcome(task: Task) -> None:
            if task.starts == 1:
                raise asyncio.CancelledError

        handler = Recorder(outcome)
        runner.register("kind", handler, concurrency=1, retry=RetryPolicy())
        runner.resume()
        await runner.schedule(spec())
        await until(lambda: handler.ended == 2, clock=clock)

    async def test_a_drain_lets_attempts_finish_and_starts_none(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        go = asyncio.Event()

        async def outcome(_: Task) -> None:
            await go.wait()

        handler = Recorder(outcome)
        runner.register("kind", handler, concurrency=2, retry=ONCE)
        for _ in range(4):
            await runner.schedule(spec())
        runner.resume()
        await until(lambda: handler.running == 2)
        drain = asyncio.create_task(runner.drain(MINUTE))
        await let_others_run()
        assert not drain.done()
        go.set()
        await with_time(drain, clock, timedelta(milliseconds=1))
        assert (handler.ended, handler.cancelled) == (2, 0)

    async def test_what_a_drain_stops_is_left_for_the_next_process(
        self, process: Process, runner: TaskRunner, clock: ManualClock
    ) -> None:
        stuck = Recorder(wait_for_ever)
        async with process() as earlier:
            earlier.register("kind", stuck, concurrency=2, retry=ONCE)
            for number in range(4):
                await earlier.schedule(spec(str(number)))
            earlier.resume()
            await until(lambda: stuck.running == 2)
            drain = asyncio.create_task(earlier.drain(10 * SECOND))
            await with_time(drain, clock)
            assert stuck.cancelled == 2
            for task in stuck.attempts:
                left = await runner.get(task.id)
                assert left is not None
                assert left.status is TaskStatus.SCHEDULED
        handler = Recorder()
        runner.register("kind", handler, concurrency=1, retry=ONCE)
        runner.resume()
        await until(lambda: handler.ended == 4)
        assert sorted(handler.payloads) == ["0", "1", "2", "3"]
        assert [task.starts for task in handler.attempts] == [1, 1, 1, 1]

    async def test_what_was_never_started_is_picked_up(
        self, process: Process, runner: TaskRunner
    ) -> None:
        async with process() as earlier:
            earlier.register("kind", Recorder(), concurrency=1, retry=ONCE)
            for number in range(600):
                await earlier.schedule(spec(str(number)))
            await fill_lane(earlier, "lane", 5)
        handler = Recorder()
        runner.register("kind", handler, concurrency=16, retry=ONCE)
        runner.resume()
        await until(lambda: handler.ended == 605)
        assert handler.most_running <= 16
        assert Counter(task.id for task in handler.attempts).most_common(1)[0][1] == 1
        lane = [task.spec.payload for task in handler.attempts if task.spec.lane]
        assert lane == [b"0", b"1", b"2", b"3", b"4"]

    async def test_a_task_that_kills_its_process_ends_as_a_dead_letter(
        self, process: Process, runner: TaskRunner
    ) -> None:
        policy = RetryPolicy(attempts_limit=3)
        deadly = Recorder(wait_for_ever)
        for life in range(3):
            async with process() as earlier:
                earlier.register("kind", deadly, concurrency=1, retry=policy)
                if life == 0:
                    await earlier.schedule(spec("deadly", lane="l"))
                    await earlier.schedule(spec("harmless", lane="l"))
                earlier.resume()
                await until(lambda: deadly.running == 1)
        assert [task.starts for task in deadly.attempts] == [1, 2, 3]
        handler = Recorder()
        runner.register("kind", handler, concurrency=1, retry=policy)
        runner.resume()
        await until(lambda: handler.ended == 1)
        assert handler.payloads == ["harmless"]
        (dead,) = (await runner.dead_letters()).items
        assert (dead.starts, dead.last_error) == (3, "interrupted")

    async def test_a_cancellation_outlives_the_process(
        self, process: Process, runner: TaskRunner
    ) -> None:
        release = asyncio.Event()

        async def stubborn(_: Task) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await release.wait()

        handler = Recorder(stubborn)
        async with process() as earlier:
            earlier.register("kind", handler, concurrency=1, retry=RetryPolicy())
            earlier.resume()
            task = await earlier.schedule(spec("first", lane="l"))
            await earlier.schedule(spec("second", lane="l"))
            await until(lambda: handler.running == 1)
            assert await earlier.cancel(task.id)
            asyncio.get_running_loop().call_soon(release.set)
        following = Recorder()
        runner.register("kind", following, concurrency=1, retry=RetryPolicy())
        runner.resume()
        await until(lambda: following.ended == 1)
        assert following.payloads == ["second"]
        found = await runner.get(task.id)
        assert found is not None
        assert found.status is TaskStatus.CANCELLED

    async def test_leaving_without_a_drain_stops_everything(
        self, make_runner: RunnerFactory, store: StateStore, clock: ManualClock
    ) -> None:
        handler = Recorder(wait_for_ever)

        async def fail() -> None:
            async with make_runner(store, clock) as runner:
                runner.register("kind", handler, concurrency=1, retry=ONCE)
                runner.resume()
                await runner.schedule(spec())
                await until(lambda: handler.running == 1)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        assert handler.cancelled == 1

    async def test_a_cancelled_owner_stops_everything(
        self, make_runner: RunnerFactory, store: StateStore, clock: ManualClock
    ) -> None:
        handler = Recorder(wait_for_ever)

        async def own() -> None:
            async with make_runner(store, clock) as runner:
                runner.register("kind", handler, concurrency=1, retry=ONCE)
                runner.resume()
                await runner.schedule(spec())
                await asyncio.Event().wait()

        owner = asyncio.create_task(own())
        await until(lambda: handler.running == 1)
        owner.cancel()
        await asyncio.wait([owner])
        assert owner.cancelled()
        assert handler.cancelled == 1

    async def until_dead(self, runner: TaskRunner, count: int) -> None:
        while len((await runner.dead_letters()).items) < count:
            await let_others_run()


__all__ = ["AttemptSuite"]
