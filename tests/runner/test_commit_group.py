"""Changes that share a commit: each has an outcome of its own, also when its caller leaves."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from agent_host.errors import ConflictError, StoreFullError, StoreUnavailableError
from agent_host.protocols.state_store import StateStore
from agent_host.runner.commit_group import CommitGroup
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.store_double import SeverableStore
from agent_host.testing.store_fixture import let_others_run
from agent_host.types.store import ABSENT, Delete, Key, Lease, Put, Write


class HeldStore(SeverableStore):
    """Counts commits, and holds them up while it is closed."""

    def __init__(self, store: StateStore) -> None:
        super().__init__(store)
        self.gate = asyncio.Event()
        self.gate.set()
        self.commits = 0
        self.failure: Exception | None = None

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        self.commits += 1
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return await super().commit(writes, fence=fence)


@pytest.fixture
async def store() -> AsyncIterator[HeldStore]:
    async with MemoryStateStore(limit_bytes=100_000) as memory:
        yield HeldStore(memory)


@pytest.fixture
async def group(store: HeldStore) -> AsyncIterator[CommitGroup]:
    group = CommitGroup(store)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(group.run())
        await asyncio.sleep(0)
        yield group
        running.cancel()


def key(name: str) -> Key:
    return Key("c", "p", name)


def put(name: str, value: bytes = b"") -> list[Write]:
    return [Put(key(name), value, expect=ABSENT)]


async def start(group: CommitGroup, *changes: Sequence[Write]) -> list["asyncio.Task[None]"]:
    calls = [asyncio.ensure_future(group.commit(writes)) for writes in changes]
    await let_others_run()
    return calls


async def names(store: StateStore) -> list[str]:
    return [record.key.id for record in await store.scan("c", "p", limit=1000)]


async def test_what_comes_together_is_one_commit(store: HeldStore, group: CommitGroup) -> None:
    calls = await start(group, *(put(str(number)) for number in range(50)))
    await asyncio.gather(*calls)
    assert store.commits == 1
    assert len(await names(store)) == 50


async def test_what_comes_in_the_turns_after_the_first_is_in_its_commit(
    store: HeldStore, group: CommitGroup
) -> None:
    async def late(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        await group.commit(put(str(turns)))

    calls = [asyncio.ensure_future(late(turns)) for turns in range(3)]
    await asyncio.gather(*calls)
    assert store.commits == 1


async def test_what_goes_on_coming_does_not_hold_it_up(
    store: HeldStore, group: CommitGroup
) -> None:
    calls: list[asyncio.Future[None]] = []
    while not store.commits:
        calls.append(asyncio.ensure_future(group.commit(put(str(len(calls))))))
        await asyncio.sleep(0)
        assert len(calls) < 20
    await asyncio.gather(*calls)


async def test_a_group_that_all_have_left_is_none(store: HeldStore, group: CommitGroup) -> None:
    calls = [asyncio.ensure_future(group.commit(put(name))) for name in "ab"]
    await asyncio.sleep(0)
    for call in calls:
        call.cancel()
    await let_others_run()
    assert all(call.cancelled() for call in calls)
    assert not store.commits
    await group.commit(put("c"))
    assert await names(store) == ["c"]


async def test_what_comes_during_a_commit_shares_the_next(
    store: HeldStore, group: CommitGroup
) -> None:
    store.gate.clear()
    calls = await start(group, put("a"))
    calls += await start(group, put("b"), put("c"))
    assert store.commits == 1
    store.gate.set()
    await asyncio.gather(*calls)
    assert store.commits == 2


async def test_a_change_that_cannot_be_done_keeps_none_from_being_done(
    store: HeldStore, group: CommitGroup
) -> None:
    full = [Put(key("big"), b"x" * 200_000)]
    calls = await start(
        group, put("a"), put("a"), full, [Delete(key("z"), expect=7)], put("\ud800"), put("b")
    )
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(one) for one in found[:4]] == [
        type(None),
        ConflictError,
        StoreFullError,
        ConflictError,
    ]
    assert found[5] is None
    assert {"a", "b"} <= {*await names(store)}


async def test_an_outage_is_told_to_all(store: HeldStore, group: CommitGroup) -> None:
    store.failure = StoreUnavailableError("It does not answer.")
    calls = await start(group, put("a"), put("b"))
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(one) for one in found] == [StoreUnavailableError] * 2
    store.failure = None
    await group.commit(put("c"))
    assert await names(store) == ["c"]


async def test_a_caller_that_leaves_before_its_turn_leaves_nothing(
    store: HeldStore, group: CommitGroup
) -> None:
    store.gate.clear()
    calls = await start(group, put("a"))
    calls += await start(group, put("b"), put("c"))
    calls[1].cancel()
    await let_others_run()
    assert calls[1].cancelled()
    store.gate.set()
    await asyncio.gather(calls[0], calls[2])
    assert await names(store) == ["a", "c"]


async def test_a_caller_that_leaves_hears_of_it_when_the_commit_is_settled(
    store: HeldStore, group: CommitGroup
) -> None:
    store.gate.clear()
    calls = await start(group, put("a"), put("b"))
    calls[0].cancel()
    await let_others_run()
    assert not calls[0].done()
    store.gate.set()
    await asyncio.wait(calls)
    assert calls[0].cancelled()
    assert await names(store) == ["a", "b"]


async def test_a_caller_may_leave_as_its_commit_is_settled(
    store: HeldStore, group: CommitGroup
) -> None:
    """The cancellation comes between the outcome and the caller's hearing of it."""
    for turns in range(12):
        call = asyncio.ensure_future(group.commit(put(str(turns))))
        for _ in range(turns):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        assert call.cancelled() or call.done()


async def test_what_waits_when_it_ends_is_refused_and_later_changes_are_done(
    store: HeldStore,
) -> None:
    group = CommitGroup(store)
    store.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(group.run())
        await asyncio.sleep(0)
        calls = await start(group, put("a"))
        calls += await start(group, put("b"))
        running.cancel()
        found = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(one) for one in found] == [StoreUnavailableError] * 2
    store.gate.set()
    await group.commit(put("c"))
    assert "c" in await names(store)
