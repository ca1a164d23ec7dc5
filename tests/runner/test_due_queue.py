"""The window of due tasks loses none and brings each once, whatever happens while it loads."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from agent_host.protocols.state_store import StateStore
from agent_host.runner.due_queue import DueQueue
from agent_host.runner.task_record import StoredTask, put_entry, stored_task
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_double import SeverableStore
from agent_host.testing.task_fixture import spec
from agent_host.types.identifier import TaskId
from agent_host.types.task import Task, TaskStatus


@pytest.fixture
async def store() -> AsyncIterator[StateStore]:
    async with MemoryStateStore() as store:
        yield SeverableStore(store, suspends=True)


def task(number: int) -> StoredTask:
    at = ManualClock().now() + timedelta(seconds=number)
    record = Task(
        id=TaskId(f"tsk_{number}"),
        spec=spec(),
        status=TaskStatus.SCHEDULED,
        created_at=at,
        due_at=at,
    )
    return stored_task(record, order=number)


async def put(store: StateStore, *numbers: int) -> None:
    await store.commit([put_entry(task(number)) for number in numbers])


async def taken(queue: DueQueue) -> list[str]:
    found: list[str] = []
    await queue.load()
    while queue.due_at() is not None:
        found.append(queue.take().task_id)
        await queue.load()
    return found


async def test_pages_come_in_the_order_they_are_due(store: StateStore) -> None:
    await put(store, *range(600))
    assert await taken(DueQueue(store, "kind", window=4)) == [f"tsk_{n}" for n in range(600)]


async def test_what_is_queued_during_a_load_is_neither_lost_nor_doubled(
    store: StateStore,
) -> None:
    queue = DueQueue(store, "kind", window=100)
    await put(store, 1, 3)
    load = asyncio.create_task(queue.load())
    for number in (0, 2, 4):
        await asyncio.sleep(0)
        await put(store, number)
        queue.offer(task(number))
    await load
    assert await taken(queue) == [f"tsk_{n}" for n in range(5)]


async def test_a_doubt_during_a_load_makes_it_look_again(store: StateStore) -> None:
    queue = DueQueue(store, "kind", window=100)
    await put(store, 1)
    await queue.load()
    queue.distrust()
    assert queue.due_at() is None
    await put(store, 0)
    load = asyncio.create_task(queue.load())
    await asyncio.sleep(0)
    queue.distrust()
    await load
    assert await taken(queue) == ["tsk_0", "tsk_1"]


async def test_what_is_queued_again_during_its_attempt_comes_again_behind_it(
    store: StateStore,
) -> None:
    queue = DueQueue(store, "kind", window=100)
    await queue.load()
    assert queue.offer(task(1))
    entry = queue.take()
    assert not queue.offer(task(1))
    assert queue.due_at() is None
    queue.give_up(entry)
    assert queue.take().task_id == "tsk_1"
