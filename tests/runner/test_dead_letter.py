"""Ten thousand dead letters: a page costs the same wherever it is, and nothing holds them all."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from agent_host.protocols.state_store import StateStore
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.runner.task_record import put_graves, put_task, stored_task
from agent_host.stores.disk import DiskStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_double import SeverableStore
from agent_host.testing.task_fixture import ONCE, Recorder, spec
from agent_host.types.identifier import TaskId
from agent_host.types.store import Key, Record, Write
from agent_host.types.task import Task, TaskCounts, TaskStatus

MANY = 10_000
PAGE = 50


class CountingStore(SeverableStore):
    """Counts what is asked, and the most that one answer held."""

    def __init__(self, store: StateStore) -> None:
        super().__init__(store)
        self.reads = 0
        self.most = 0

    async def get(self, key: Key) -> Record | None:
        self.reads += 1
        return await super().get(key)

    async def scan(
        self,
        collection: str,
        partition: str,
        *,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Sequence[Record]:
        self.reads += 1
        found = await super().scan(
            collection, partition, after=after, limit=limit, newest_first=newest_first
        )
        self.most = max(self.most, len(found))
        return found


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[CountingStore]:
    async with DiskStateStore(tmp_path, cache_bytes=1_000_000) as store:
        yield CountingStore(store)


async def fill(store: StateStore) -> None:
    now = ManualClock().now()
    writes: list[Write] = []
    for number in range(MANY):
        task = Task(
            id=TaskId(f"tsk_{number:05d}"),
            spec=spec(str(number), kind=f"kind{number % 2}"),
            status=TaskStatus.DEAD,
            created_at=now,
            due_at=now,
            starts=1,
            last_error="permanent",
            over_at=now,
        )
        stored = stored_task(task, order=number)
        writes += (put_task(stored), *put_graves(stored))
    await store.commit(writes)


async def test_ten_thousand_dead_letters_cost_no_more_per_page_than_ten(
    store: CountingStore,
) -> None:
    await fill(store)
    async with StoreTaskRunner(store) as runner:
        for kind in ("kind0", "kind1"):
            runner.register(kind, Recorder(), concurrency=1, retry=ONCE)
        seen: list[TaskId] = []
        after: str | None = None
        while True:
            store.reads = 0
            page = await runner.dead_letters(kind="kind1", after=after, limit=PAGE)
            assert store.reads <= PAGE + 1
            seen += [task.id for task in page.items]
            after = page.next_cursor
            if after is None:
                break
        assert seen == [f"tsk_{number:05d}" for number in range(1, MANY, 2)]
        counts = (await runner.summary())["kind0"]
        assert counts == TaskCounts(dead=MANY // 2, is_partial=True)
        assert store.most <= 500


async def test_a_whole_kind_of_them_is_purged_or_replayed(store: CountingStore) -> None:
    await fill(store)
    async with StoreTaskRunner(store) as runner:
        for kind in ("kind0", "kind1"):
            runner.register(kind, Recorder(), concurrency=1, retry=ONCE)
        assert await runner.purge_all(kind="kind0") == MANY // 2
        assert await runner.replay_all() == MANY // 2
        assert store.most <= 100
        assert await runner.summary() == {
            "kind0": TaskCounts(),
            "kind1": TaskCounts(waiting=MANY // 2),
        }
