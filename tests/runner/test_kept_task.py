"""Tasks that are in no ordinary state are found and erased as well."""

import pytest

from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.runner.task_record import TASKS, WHOLE
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.task_fixture import ONCE, Recorder, spec
from agent_host.types import Key, Put
from agent_host.types.task import TaskStatus


async def test_one_whose_process_died_while_it_was_cancelled_leaves_no_trace() -> None:
    async with MemoryStateStore() as store, StoreTaskRunner(store) as runner:
        runner.register("kind", Recorder(), concurrency=1, retry=ONCE)
        task = await runner.schedule(spec(key="k", lane="l"))
        book = runner._book  # pyright: ignore[reportPrivateUsage] - a crash cannot be asked for
        stored = await book.find(task.id)
        assert stored is not None
        await book.revoke(stored)
        left = await runner.get(task.id)
        assert left is not None
        assert (left.status, left.over_at) == (TaskStatus.CANCELLED, None)
        assert await runner.erase(task.id)
        for collection, partition in (
            (TASKS, WHOLE),
            ("task_queue", "kind"),
            ("task_lanes", "l"),
            ("task_keys", "kind"),
        ):
            assert await store.scan(collection, partition) == []


async def test_one_that_cannot_be_read_is_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    async with MemoryStateStore() as store, StoreTaskRunner(store) as runner:
        runner.register("kind", Recorder(), concurrency=1, retry=ONCE)
        task = await runner.schedule(spec())
        await store.commit([Put(Key(TASKS, WHOLE, "tsk_damaged"), b"?")])
        assert [one.id for one in (await runner.kept()).items] == [task.id]
    assert "task tsk_damaged cannot be listed" in caplog.text
