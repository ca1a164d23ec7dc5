"""What the event loop asks of a thread goes there in as few pieces as may be."""

import asyncio
from pathlib import Path

import pytest

from agent_host.errors import StoreUnavailableError
from agent_host.stores.disk import DiskStateStore
from agent_host.stores.disk_request import Job, Outbox
from agent_host.testing.store_fixture import key, let_others_run
from agent_host.types.store import ABSENT, Put


def _ask(outbox: Outbox, count: int = 1) -> None:
    for _ in range(count):
        outbox.put(Job(outbox.loop, lambda _: None))


async def _sent(outbox: Outbox) -> list[int]:
    """How many were in each piece."""
    await let_others_run()
    sizes: list[int] = []
    while not outbox.queue.empty():
        sizes.append(len(outbox.queue.get() or ()))
    return sizes


async def test_what_is_asked_in_one_turn_goes_together() -> None:
    outbox = Outbox(asyncio.get_running_loop())
    _ask(outbox, 3)
    await asyncio.sleep(0)
    _ask(outbox, 2)
    assert await _sent(outbox) == [3, 2]


async def test_while_each_turn_brings_more_it_waits_for_another() -> None:
    outbox = Outbox(asyncio.get_running_loop(), more_turns=4)
    for count in (3, 2, 1):
        _ask(outbox, count)
        await asyncio.sleep(0)
    await let_others_run()
    _ask(outbox)
    assert await _sent(outbox) == [6, 1]


async def test_it_does_not_wait_for_ever() -> None:
    outbox = Outbox(asyncio.get_running_loop(), more_turns=2)
    for _ in range(7):
        _ask(outbox)
        await asyncio.sleep(0)
    assert await _sent(outbox) == [3, 3, 1]


async def test_what_is_sent_at_once_is_not_sent_twice() -> None:
    outbox = Outbox(asyncio.get_running_loop(), more_turns=4)
    _ask(outbox, 2)
    outbox.flush()
    assert await _sent(outbox) == [2]
    _ask(outbox)
    assert await _sent(outbox) == [1]


@pytest.mark.parametrize("turns", range(10))
async def test_what_was_asked_for_is_done_in_whatever_turn_the_store_is_left(
    tmp_path: Path, turns: int
) -> None:
    done: list[str] = []

    async def write(name: str, store: DiskStateStore) -> None:
        await store.commit([Put(key(name), b"", ABSENT)])
        done.append(name)
        await store.commit([Put(key(f"{name} again"), b"", ABSENT)])
        done.append(f"{name} again")

    async with DiskStateStore(tmp_path) as store:
        tasks: list[asyncio.Task[None]] = []
        for number in range(turns):
            tasks.append(asyncio.ensure_future(write(f"{number}", store)))
            await asyncio.sleep(0)
        if tasks:
            tasks[0].cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(outcome, StoreUnavailableError | asyncio.CancelledError | None)
    async with DiskStateStore(tmp_path) as again:
        where = key("")
        found = await again.scan(where.collection, where.partition)
    # The last was told to begin in the turn before, so each had asked for its first by then.
    names = {record.key.id for record in found}
    assert names >= {*done, *(f"{number}" for number in range(turns))}
