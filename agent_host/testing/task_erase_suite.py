"""The task runner's contract, part six: every task can be found, and erased without a trace."""

from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskRunner
from agent_host.testing.store_fixture import MINUTE, until
from agent_host.testing.task_fixture import ONCE, Process, Recorder, RunnerFixture, spec
from agent_host.testing.task_operator_suite import Fragile
from agent_host.testing.task_schedule_suite import wait_for_ever
from agent_host.types.identifier import TaskId
from agent_host.types.task import Task, TaskCounts


async def kept(runner: TaskRunner, *, limit: int = 2) -> list[Task]:
    """All of them, by pages."""
    found: list[Task] = []
    after: str | None = None
    while True:
        page = await runner.kept(after=after, limit=limit)
        found += page.items
        if page.next_cursor is None:
            return found
        after = page.next_cursor


class EraseSuite(RunnerFixture):
    """Waiting, attempted, over, given up: it makes no difference."""

    async def test_every_task_is_found_and_erased(
        self, runner: TaskRunner, store: StateStore
    ) -> None:
        stuck, fine, fragile = Recorder(wait_for_ever), Recorder(), Fragile()
        runner.register("stuck", stuck, concurrency=1, retry=ONCE)
        runner.register("fine", fine, concurrency=1, retry=ONCE)
        runner.register("fragile", fragile, concurrency=1, retry=ONCE)
        runner.resume()
        tasks = [
            await runner.schedule(spec("a", kind="stuck", key="first", lane="l")),
            await runner.schedule(spec("b", kind="stuck", lane="l")),
            await runner.schedule(spec("c", kind="stuck", delay=MINUTE)),
            await runner.schedule(spec("d", kind="fine", key="done")),
            await runner.schedule(spec("e", kind="fragile", key="dead")),
        ]
        await until(lambda: stuck.running == 1)
        await until(lambda: fine.ended == 1)
        while not (await runner.dead_letters()).items:
            await until(lambda: fragile.ended == 1)
        assert {task.id for task in await kept(runner)} == {task.id for task in tasks}
        for task in tasks:
            assert await runner.erase(task.id)
            assert await runner.get(task.id) is None
        assert stuck.running == 0
        assert await kept(runner) == []
        assert not (await runner.dead_letters()).items
        assert set((await runner.summary()).values()) == {TaskCounts()}
        # Its key is free again, and its lane.
        again = await runner.schedule(spec("f", kind="stuck", key="first", lane="l"))
        assert again.id not in {task.id for task in tasks}
        await until(lambda: stuck.running == 1)
        for collection in ("task_keys", "task_lanes", "task_behind"):
            for partition in ("all", "l", "fine", "fragile"):
                found = await store.scan(collection, partition)
                assert all(again.id.encode() in record.value for record in found)

    async def test_what_is_not_there_is_not_erased(self, runner: TaskRunner) -> None:
        assert not await runner.erase(TaskId("tsk_nobody"))

    async def test_what_another_process_left_half_cancelled_is_erased(
        self, process: Process, runner: TaskRunner
    ) -> None:
        stuck = Recorder(wait_for_ever)
        async with process() as earlier:
            earlier.register("stuck", stuck, concurrency=1, retry=ONCE)
            earlier.resume()
            task = await earlier.schedule(spec(kind="stuck", lane="l"))
            await until(lambda: stuck.running == 1)
        assert await runner.erase(task.id)
        assert await kept(runner) == []


__all__ = ["EraseSuite", "kept"]
