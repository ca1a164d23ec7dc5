"""The task runner's contract, part five: calendars that are set."""

from datetime import timedelta

from agent_host.protocols.task_runner import TaskRunner
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_fixture import MINUTE, let_others_run, until
from agent_host.testing.task_fixture import ONCE, Process, Recorder, RunnerFixture, spec
from agent_host.testing.task_lane_suite import fill_lane


async def ended(handler: Recorder, count: int) -> None:
    """Return once the handler has ended so often."""
    await until(lambda: handler.ended == count)


class ClockSuite(RunnerFixture):
    """The calendar is set while tasks wait, by an hour or by years."""

    async def test_setting_the_calendar_starts_nothing_early_and_holds_nothing_up(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        handler = Recorder()
        runner.register("kind", handler, concurrency=4, retry=ONCE)
        runner.resume()
        for jump in (timedelta(days=400), timedelta(days=-800), timedelta(hours=1)):
            before = handler.ended
            await runner.schedule(spec(delay=10 * MINUTE))
            clock.set_by(jump)
            await runner.schedule(spec(delay=5 * MINUTE))
            for _ in range(4):
                clock.advance(MINUTE)
                await let_others_run()
            assert handler.ended == before
            clock.advance(MINUTE)
            await ended(handler, before + 1)
            clock.advance(5 * MINUTE)
            await ended(handler, before + 2)

    async def test_a_calendar_set_back_between_processes_holds_nothing_up(
        self, process: Process, clock: ManualClock
    ) -> None:
        async with process() as earlier:
            earlier.register("kind", Recorder(), concurrency=1, retry=ONCE)
            await earlier.schedule(spec("delayed", delay=10 * MINUTE))
            await earlier.schedule(spec("due"))
            await fill_lane(earlier, "lane", 3)
        clock.set_by(timedelta(days=-400))
        async with process() as earlier:
            handler = Recorder()
            earlier.register("kind", handler, concurrency=1, retry=ONCE)
            await earlier.schedule(spec("3", lane="lane"))
            earlier.resume()
            await until(lambda: handler.ended == 5, clock=clock)
            assert handler.payloads == ["due", "0", "1", "2", "3"]
            await until(lambda: handler.ended == 6, clock=clock, step=MINUTE)
            assert clock.monotonic() <= 12 * 60


__all__ = ["ClockSuite", "ended"]
