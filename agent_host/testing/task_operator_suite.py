"""The task runner's contract, part four: what an operator sees and does."""

from agent_host.errors import PermanentTaskError
from agent_host.protocols.task_runner import TaskRunner
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_fixture import MINUTE, let_others_run, until
from agent_host.testing.task_fixture import ONCE, Process, Recorder, RunnerFixture, spec
from agent_host.testing.task_lane_suite import fill_lane
from agent_host.testing.task_schedule_suite import wait_for_ever
from agent_host.types.task import Task, TaskCounts

_MANY = 300


class Fragile(Recorder):
    """A handler that gives up for as long as it is broken."""

    def __init__(self) -> None:
        super().__init__(self._attempt)
        self.broken = True

    async def _attempt(self, _: Task) -> None:
        if self.broken:
            message = "No further attempt can help."
            raise PermanentTaskError(message)


class OperatorSuite(RunnerFixture):
    """Counts, and dead letters by the hundred."""

    async def test_tasks_are_counted_by_kind_and_state(
        self, process: Process, runner: TaskRunner, clock: ManualClock
    ) -> None:
        async with process() as earlier:
            earlier.register("gone", Fragile(), concurrency=1, retry=ONCE)
            earlier.resume()
            await earlier.schedule(spec(kind="gone"))
            await self.until_given_up(earlier, 1)
        stuck = Recorder(wait_for_ever)
        runner.register("stuck", stuck, concurrency=2, retry=ONCE)
        runner.register("fragile", Fragile(), concurrency=3, retry=ONCE)
        runner.register("idle", Recorder(), concurrency=3, retry=ONCE)
        runner.resume()
        lane = [await runner.schedule(spec(kind="stuck", lane="l")) for _ in range(6)]
        for number in range(3):
            await runner.schedule(spec(kind="stuck", delay=MINUTE))
            await runner.schedule(spec(str(number), kind="fragile"))
        await self.until_given_up(runner, 4)
        await until(lambda: stuck.running == 1)
        expected = {
            "gone": TaskCounts(dead=1),
            "stuck": TaskCounts(waiting=8, attempting=1),
            "fragile": TaskCounts(dead=3),
            "idle": TaskCounts(),
        }
        assert await runner.summary() == expected
        assert await runner.cancel(lane[3].id)
        assert (await runner.summary())["stuck"] == TaskCounts(waiting=7, attempting=1)
        assert await runner.cancel(lane[0].id)
        await until(lambda: len(stuck.attempts) == 2)
        assert (await runner.summary())["stuck"] == TaskCounts(waiting=6, attempting=1)
        clock.advance(MINUTE)
        await until(lambda: stuck.running == 2)
        assert (await runner.summary())["stuck"] == TaskCounts(waiting=5, attempting=2)

    async def test_dead_letters_are_listed_by_kind(self, runner: TaskRunner) -> None:
        await self.kill(runner, {"a": 5, "b": 3})
        for kind, count in (("a", 5), ("b", 3), ("c", 0)):
            found = await self.listed(runner, kind=kind, limit=2)
            assert [task.spec.kind for task in found] == [kind] * count
            assert all(task.over_at is not None for task in found)
        assert len(await self.listed(runner, kind=None, limit=3)) == 8

    async def test_dead_letters_are_listed_by_when_they_were_given_up(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        runner.register("kind", Fragile(), concurrency=1, retry=ONCE)
        runner.resume()
        for delay in (3, 1, 2):
            await runner.schedule(spec(str(delay), delay=delay * MINUTE))
        for count in (1, 2, 3):
            clock.advance(MINUTE)
            await self.until_given_up(runner, count)
        found = await self.listed(runner, kind=None, limit=2)
        assert [task.spec.payload for task in found] == [b"1", b"2", b"3"]

    async def test_a_kind_is_replayed_at_once_and_what_dies_again_stays(
        self, runner: TaskRunner
    ) -> None:
        mended, broken = await self.kill(runner, {"a": _MANY, "b": 3})
        mended.broken = False
        assert await runner.replay_all(kind="a") == _MANY
        await until(lambda: mended.ended == 2 * _MANY)
        assert await runner.replay_all(kind="a") == 0
        assert await runner.replay_all() == 3
        await until(lambda: broken.ended == 6)
        await self.until_given_up(runner, 3)
        assert len(await self.listed(runner, kind="b", limit=50)) == 3
        assert await self.listed(runner, kind="a", limit=50) == []

    async def test_replaying_all_ends_though_all_die_again(self, runner: TaskRunner) -> None:
        (broken,) = await self.kill(runner, {"a": _MANY})
        assert await runner.replay_all() == _MANY
        await until(lambda: broken.ended == 2 * _MANY)
        await self.until_given_up(runner, _MANY)

    async def test_old_dead_letters_are_purged(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        await self.kill(runner, {"a": 4, "b": 2})
        clock.advance(MINUTE)
        await runner.schedule(spec(kind="a"))
        await self.until_given_up(runner, 7)
        assert await runner.purge_all(older_than=2 * MINUTE) == 0
        assert await runner.purge_all(kind="b", older_than=MINUTE) == 2
        assert await runner.purge_all(older_than=MINUTE) == 4
        (left,) = await self.listed(runner, kind=None, limit=50)
        assert await runner.purge_all() == 1
        assert await runner.get(left.id) is None
        assert await runner.purge_all() == 0

    async def test_many_dead_letters_come_in_pages_each_once(self, runner: TaskRunner) -> None:
        await self.kill(runner, {"a": 1000})
        found = await self.listed(runner, kind=None, limit=64)
        assert len({task.id for task in found}) == 1000
        assert (await runner.summary())["a"] == TaskCounts(dead=1000)
        assert await runner.purge_all() == 1000
        assert (await runner.summary())["a"] == TaskCounts()

    async def test_a_lane_takes_back_a_replayed_task_at_its_end(
        self, runner: TaskRunner, clock: ManualClock
    ) -> None:
        ended: list[bytes] = []
        broken = True

        async def outcome(task: Task) -> None:
            if broken and task.spec.payload == b"0":
                message = "No further attempt can help."
                raise PermanentTaskError(message)
            await clock.sleep(1)
            ended.append(task.spec.payload)

        runner.register("kind", Recorder(outcome), concurrency=4, retry=ONCE)
        await fill_lane(runner, "lane", 4)
        runner.resume()
        await self.until_given_up(runner, 1)
        broken = False
        assert await runner.replay_all() == 1
        await until(lambda: len(ended) == 4, clock=clock)
        assert ended == [b"1", b"2", b"3", b"0"]

    async def kill(self, runner: TaskRunner, counts: dict[str, int]) -> list[Fragile]:
        """Make so many dead letters of each kind; the kinds' handlers."""
        handlers = [Fragile() for _ in counts]
        for kind, handler in zip(counts, handlers, strict=True):
            runner.register(kind, handler, concurrency=16, retry=ONCE)
        runner.resume()
        for kind, count in counts.items():
            for number in range(count):
                await runner.schedule(spec(str(number), kind=kind))
        await self.until_given_up(runner, sum(counts.values()))
        return handlers

    async def listed(self, runner: TaskRunner, *, kind: str | None, limit: int) -> list[Task]:
        """All dead letters, by pages of this size."""
        found: list[Task] = []
        after: str | None = None
        while True:
            page = await runner.dead_letters(kind=kind, after=after, limit=limit)
            assert len(page.items) <= limit
            found += page.items
            after = page.next_cursor
            if after is None:
                return found

    async def until_given_up(self, runner: TaskRunner, count: int) -> None:
        while sum(counts.dead for counts in (await runner.summary()).values()) < count:
            await let_others_run()


__all__ = ["Fragile", "OperatorSuite"]
