"""The task runner's contract, part three: lanes."""

import asyncio
from collections import Counter, defaultdict
from datetime import timedelta

from agent_host.protocols.task_runner import TaskRunner
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_fixture import MINUTE, let_others_run, until
from agent_host.testing.task_fixture import ONCE, Recorder, RunnerFixture, spec
from agent_host.types.task import RetryPolicy, Task


async def fill_lane(runner: TaskRunner, lane: str, count: int) -> None:
    """Schedule so many tasks of a lane, numbered from 0."""
    for number in range(count):
        await runner.schedule(spec(str(number), lane=lane))


class LaneSuite(RunnerFixture):
    """One after the other, in order, and nobody starves."""

    async def test_a_lane_keeps_its_order_through_failures(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        failed: set[str] = set()
        succeeded: dict[str, list[int]] = defaultdict(list)
        running: Counter[str] = Counter()

        async def outcome(task: Task) -> None:
            lane, number = task.spec.lane or "", int(task.spec.payload)
            assert not running[lane]
            running[lane] += 1
            await asyncio.sleep(0)
            running[lane] -= 1
            if number % 3 == 0 and task.id not in failed:
                failed.add(task.id)
                raise LookupError(task.id)
            succeeded[lane].append(number)

        runner.register("kind", Recorder(outcome), concurrency=8, retry=RetryPolicy())
        runner.resume()
        async with asyncio.TaskGroup() as group:
            for lane in "abcd":
                group.create_task(fill_lane(runner, lane, 10))
        await until(lambda: sum(map(len, succeeded.values())) == 40, clock=clock)
        assert all(succeeded[lane] == list(range(10)) for lane in "abcd")

    async def test_a_long_or_stuck_lane_starves_nobody(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        async def outcome(task: Task) -> None:
            clock.advance(timedelta(milliseconds=1))
            if task.spec.lane == "stuck":
                await asyncio.Event().wait()

        handler = Recorder(outcome)
        runner.register("kind", handler, concurrency=2, retry=ONCE)
        for lane, count in (("stuck", 20), ("long", 20), ("short", 2)):
            await fill_lane(runner, lane, count)
        runner.resume()
        await until(lambda: handler.ended == 22)
        order = [task.spec.lane for task in handler.attempts]
        assert order.count("stuck") == 1
        assert max(place for place, lane in enumerate(order) if lane == "short") < 8

    async def test_a_lane_goes_on_behind_a_dead_letter(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        async def outcome(task: Task) -> None:
            if task.spec.payload == b"0":
                raise LookupError(task.id)

        handler = Recorder(outcome)
        runner.register("kind", handler, concurrency=4, retry=RetryPolicy(attempts_limit=2))
        await fill_lane(runner, "lane", 3)
        runner.resume()
        await until(lambda: handler.ended == 4, clock=clock)
        assert handler.payloads == ["0", "0", "1", "2"]

    async def test_a_lane_waits_for_its_first_and_passes_over_the_cancelled(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        handler = Recorder()
        runner.register("kind", handler, concurrency=4, retry=ONCE)
        runner.resume()
        first = await runner.schedule(spec("first", lane="l", delay=MINUTE))
        middle = await runner.schedule(spec("middle", lane="l"))
        await runner.schedule(spec("last", lane="l"))
        await let_others_run()
        assert handler.attempts == []
        assert await runner.cancel(middle.id)
        assert await runner.cancel(first.id)
        await until(lambda: handler.ended == 1)
        clock.advance(2 * MINUTE)
        await let_others_run()
        assert handler.payloads == ["last"]


__all__ = ["LaneSuite", "fill_lane"]
