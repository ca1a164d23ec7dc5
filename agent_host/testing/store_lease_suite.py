"""The store's contract, part three: leases and fences."""

import asyncio
from datetime import timedelta

import pytest

from agent_host.errors import ConflictError, LeaseLostError, StoreUnavailableError
from agent_host.protocols.state_store import StateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_fixture import (
    MINUTE,
    SECOND,
    StoreFixture,
    key,
    let_others_run,
    with_time,
)
from agent_host.types.store import ABSENT, Append, Lease, Put, Write

NAME = key("name", collection="leases")


async def _held(store: StateStore, holder: str = "h", seconds: float = 10) -> Lease:
    """A lease that must be free to be had."""
    time_to_live = timedelta(seconds=seconds)
    lease = await store.acquire(NAME, holder=holder, time_to_live=time_to_live)
    assert lease is not None
    return lease


class LeaseSuite(StoreFixture):
    """Sole use of a name."""

    async def test_one_at_a_time(self, store: StateStore) -> None:
        lease = await _held(store, "first")
        assert (lease.name, lease.holder) == (NAME, "first")
        for holder in ("first", "second"):
            assert await store.acquire(NAME, holder=holder, time_to_live=MINUTE) is None
        await store.release(lease)
        assert (await _held(store, "second")).holder == "second"

    async def test_names_are_independent(self, store: StateStore) -> None:
        await _held(store)
        others = (key("name", collection="x"), key("name", partition="x"), key("nam"))
        for other in others:
            assert await store.acquire(other, holder="h", time_to_live=MINUTE) is not None

    async def test_fences_grow_strictly(self, store: StateStore, clock: ManualClock) -> None:
        fences: list[int] = []
        for turn in range(6):
            lease = await _held(store)
            fences.append(lease.fence)
            if turn % 2:
                await store.release(lease)
            else:
                clock.advance(10 * SECOND)
        assert fences == sorted(set(fences))

    async def test_an_expired_lease_is_free(self, store: StateStore, clock: ManualClock) -> None:
        await _held(store)
        clock.advance(timedelta(seconds=9.5))
        assert await store.acquire(NAME, holder="x", time_to_live=MINUTE) is None
        clock.advance(timedelta(seconds=0.5))
        await _held(store)

    async def test_renewal_holds_it_longer(self, store: StateStore, clock: ManualClock) -> None:
        lease = await _held(store)
        for _ in range(3):
            clock.advance(9 * SECOND)
            await store.renew(lease, time_to_live=10 * SECOND)
        clock.advance(9 * SECOND)
        assert await store.acquire(NAME, holder="x", time_to_live=MINUTE) is None
        clock.advance(SECOND)
        with pytest.raises(LeaseLostError):
            await store.renew(lease, time_to_live=10 * SECOND)

    async def test_a_lost_lease_cannot_be_renewed(
        self, store: StateStore, clock: ManualClock
    ) -> None:
        released = await _held(store)
        await store.release(released)
        with pytest.raises(LeaseLostError):
            await store.renew(released, time_to_live=MINUTE)
        expired = await _held(store)
        clock.advance(10 * SECOND)
        await _held(store)
        for lost in (released, expired):
            with pytest.raises(LeaseLostError):
                await store.renew(lost, time_to_live=MINUTE)

    async def test_giving_back_what_is_lost_does_nothing(
        self, store: StateStore, clock: ManualClock
    ) -> None:
        stale = await _held(store, "stale")
        clock.advance(10 * SECOND)
        current = await _held(store, "current")
        await store.release(stale)
        await store.release(stale)
        await store.renew(current, time_to_live=MINUTE)
        assert await store.acquire(NAME, holder="x", time_to_live=MINUTE) is None

    async def test_a_commit_under_a_lease_needs_it(
        self, store: StateStore, clock: ManualClock
    ) -> None:
        lease = await _held(store)
        writes: list[Write] = [Put(key("a"), b"1"), Append(key("s"), (b"1",))]
        assert await store.commit(writes, fence=lease) == (1, 1)
        clock.advance(10 * SECOND)
        with pytest.raises(LeaseLostError):
            await store.commit(writes, fence=lease)
        newer = await _held(store)
        with pytest.raises(LeaseLostError):
            await store.commit(writes, fence=lease)
        assert await store.commit(writes, fence=newer) == (2, 2)
        await store.release(newer)
        with pytest.raises(LeaseLostError):
            await store.commit(writes, fence=newer)
        record = await store.get(key("a"))
        assert record is not None
        assert record.version == 2
        assert (await store.read(key("s"))).length == 2

    async def test_a_held_lease_does_not_excuse_a_conflict(self, store: StateStore) -> None:
        lease = await _held(store)
        await store.commit([Put(key("a"), b"1")])
        with pytest.raises(ConflictError):
            await store.commit([Put(key("a"), b"2", expect=ABSENT)], fence=lease)

    async def test_waiters_have_it_in_turn(self, store: StateStore, clock: ManualClock) -> None:
        first = await _held(store, "0")
        order: list[str] = []

        async def use(holder: str) -> None:
            lease = await store.acquire(NAME, holder=holder, time_to_live=MINUTE, wait=MINUTE)
            assert lease is not None
            order.append(holder)
            await asyncio.sleep(0)
            await store.release(lease)

        async with asyncio.TaskGroup() as group:
            waiters: list[asyncio.Task[None]] = []
            for number in range(1, 6):
                waiters.append(group.create_task(use(str(number))))
                await let_others_run()
            await store.release(first)
            for waiter in waiters:
                await with_time(waiter, clock, timedelta(milliseconds=100))
        assert order == ["1", "2", "3", "4", "5"]

    async def test_a_waiter_has_what_expires(self, store: StateStore, clock: ManualClock) -> None:
        await _held(store, seconds=5)
        task = asyncio.create_task(
            store.acquire(NAME, holder="next", time_to_live=MINUTE, wait=MINUTE)
        )
        lease = await with_time(task, clock)
        assert lease is not None
        assert lease.holder == "next"
        await store.renew(lease, time_to_live=MINUTE)

    async def test_a_waiter_bears_renewals(self, store: StateStore, clock: ManualClock) -> None:
        lease = await _held(store, seconds=5)
        task = asyncio.create_task(
            store.acquire(NAME, holder="next", time_to_live=MINUTE, wait=MINUTE)
        )
        for _ in range(5):
            await let_others_run()
            clock.advance(4 * SECOND)
            await store.renew(lease, time_to_live=5 * SECOND)
        await let_others_run()
        assert not task.done()
        await store.release(lease)
        assert await with_time(task, clock) is not None

    async def test_a_waiter_gives_up_in_time(self, store: StateStore, clock: ManualClock) -> None:
        lease = await _held(store, seconds=1000)
        task = asyncio.create_task(
            store.acquire(NAME, holder="next", time_to_live=MINUTE, wait=5 * SECOND)
        )
        assert await with_time(task, clock) is None
        await store.release(lease)
        await _held(store)

    async def test_a_cancelled_waiter_leaves_the_line(
        self, store: StateStore, clock: ManualClock
    ) -> None:
        lease = await _held(store)
        tasks: list[asyncio.Task[Lease | None]] = []
        for holder in ("gone", "next"):
            coroutine = store.acquire(NAME, holder=holder, time_to_live=MINUTE, wait=MINUTE)
            tasks.append(asyncio.create_task(coroutine))
            await let_others_run()
        tasks[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
        await store.release(lease)
        next_lease = await with_time(tasks[1], clock, timedelta(milliseconds=100))
        assert next_lease is not None
        assert next_lease.holder == "next"

    async def test_a_waiter_cancelled_as_its_turn_comes_holds_nothing(
        self, store: StateStore, clock: ManualClock
    ) -> None:
        for rounds in range(5):
            lease = await _held(store)
            task = asyncio.create_task(
                store.acquire(NAME, holder="gone", time_to_live=MINUTE, wait=MINUTE)
            )
            await let_others_run()
            await store.release(lease)
            for _ in range(rounds):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                gone = task.result()
                assert gone is not None
                await store.release(gone)
            following = asyncio.create_task(
                store.acquire(NAME, holder="next", time_to_live=MINUTE, wait=SECOND)
            )
            next_lease = await with_time(following, clock, timedelta(milliseconds=10))
            assert next_lease is not None
            await store.release(next_lease)

    async def test_never_two_holders(self, store: StateStore, clock: ManualClock) -> None:
        holders = 0
        most = 0

        async def use(holder: str) -> None:
            nonlocal holders, most
            lease = await store.acquire(NAME, holder=holder, time_to_live=MINUTE, wait=MINUTE)
            assert lease is not None
            holders += 1
            most = max(most, holders)
            await asyncio.sleep(0)
            holders -= 1
            await store.release(lease)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(use(str(number))) for number in range(30)]
            for task in tasks:
                await with_time(task, clock, timedelta(milliseconds=1))
        assert most == 1

    async def test_closing_sends_waiters_away(self, store: StateStore) -> None:
        await _held(store)
        waiters = [
            asyncio.create_task(
                store.acquire(NAME, holder=str(number), time_to_live=MINUTE, wait=MINUTE)
            )
            for number in range(2)
        ]
        await let_others_run()
        await store.__aexit__(None, None, None)
        for waiter in waiters:
            with pytest.raises(StoreUnavailableError):
                await waiter


__all__ = ["LeaseSuite"]
