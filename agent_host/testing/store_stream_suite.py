"""The store's contract, part two: streams."""

import asyncio
from datetime import timedelta

import pytest

from agent_host.errors import ConflictError, StoreUnavailableError
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
from agent_host.types.store import (
    HOLE,
    Append,
    DeleteStream,
    Put,
    SetAsideEntry,
    StreamSlice,
)


class StreamSuite(StoreFixture):
    """Appending, reading, and waiting for more."""

    async def test_a_stream_exists_from_its_first_entry_on(self, store: StateStore) -> None:
        assert await store.read(key("s")) == StreamSlice(0, (), 0)
        assert await store.read_last(key("s"), limit=3) == StreamSlice(0, (), 0)
        assert await store.commit([Append(key("s"), ())]) == (0,)
        assert await store.commit([Append(key("s"), (b"a",), expect=0)]) == (1,)
        assert await store.commit([Append(key("s"), (b"b", b""))]) == (3,)
        assert await store.read(key("s")) == StreamSlice(0, (b"a", b"b", b""), 3)

    async def test_an_append_may_expect_a_length(self, store: StateStore) -> None:
        await store.commit([Append(key("s"), (b"a", b"b"))])
        for wrong in (0, 1, 3):
            with pytest.raises(ConflictError):
                await store.commit([Append(key("s"), (b"x",), expect=wrong)])
        assert await store.commit([Append(key("s"), (b"c",), expect=2)]) == (3,)
        assert (await store.read(key("s"))).entries == (b"a", b"b", b"c")

    async def test_reads_go_by_position(self, store: StateStore) -> None:
        entries = tuple(b"%d" % number for number in range(10))
        await store.commit([Append(key("s"), entries)])
        assert await store.read(key("s"), start=4, limit=2) == StreamSlice(4, (b"4", b"5"), 10)
        assert await store.read(key("s"), start=8) == StreamSlice(8, (b"8", b"9"), 10)
        assert await store.read(key("s"), limit=0) == StreamSlice(0, (), 10)
        for start in (10, 99):
            found = await store.read(key("s"), start=start)
            assert (found.entries, found.length) == ((), 10)

    async def test_the_last_entries_come_oldest_first(self, store: StateStore) -> None:
        entries = tuple(b"%d" % number for number in range(10))
        await store.commit([Append(key("s"), entries)])
        assert await store.read_last(key("s"), limit=3) == StreamSlice(7, (b"7", b"8", b"9"), 10)
        assert await store.read_last(key("s"), limit=99) == StreamSlice(0, entries, 10)
        assert (await store.read_last(key("s"), limit=0)).entries == ()

    async def test_a_long_stream_is_read_in_pages(self, store: StateStore) -> None:
        entries = tuple(b"%d" % number for number in range(2500))
        for first in range(0, 2500, 500):
            await store.commit([Append(key("s"), entries[first : first + 500])])
        found: list[bytes] = []
        while page := (await store.read(key("s"), start=len(found))).entries:
            assert len(page) <= 1000
            found += page
        assert tuple(found) == entries

    async def test_a_deleted_stream_begins_anew(self, store: StateStore) -> None:
        await store.commit([Append(key("s"), (b"a",)), Append(key("t"), (b"t",))])
        await store.commit([DeleteStream(key("s"))])
        assert (await store.read(key("s"))).length == 0
        assert await store.commit([Append(key("s"), (b"b",), expect=0)]) == (1,)
        assert (await store.read(key("s"))).entries == (b"b",)
        assert (await store.read(key("t"))).entries == (b"t",)

    async def test_an_entry_that_is_set_aside_leaves_a_hole_in_its_place(
        self, store: StateStore
    ) -> None:
        await store.commit([Append(key("s"), (b"a", b"b", b"c"))])
        assert await store.commit([SetAsideEntry(key("s"), 1, b"b", "damaged")]) == (0,)
        assert await store.read(key("s")) == StreamSlice(0, (b"a", HOLE, b"c"), 3)
        assert await store.read(key("s"), start=1, limit=1) == StreamSlice(1, (HOLE,), 3)
        assert await store.read_last(key("s"), limit=2) == StreamSlice(1, (HOLE, b"c"), 3)
        assert await store.commit([Append(key("s"), (b"d",), expect=3)]) == (4,)
        assert (await store.read(key("s"))).entries == (b"a", HOLE, b"c", b"d")

    async def test_only_the_entry_that_was_read_is_set_aside(self, store: StateStore) -> None:
        await store.commit([Append(key("s"), (b"a", b"b"))])
        for position, value in ((0, b"b"), (1, b"a"), (2, b"b"), (-1, b"b"), (0, HOLE)):
            with pytest.raises(ConflictError):
                await store.commit([SetAsideEntry(key("s"), position, value, "damaged")])
        with pytest.raises(ConflictError):
            await store.commit([SetAsideEntry(key("none"), 0, b"a", "damaged")])
        await store.commit([SetAsideEntry(key("s"), 0, b"a", "damaged")])
        with pytest.raises(ConflictError):  # whoever comes second
            await store.commit([SetAsideEntry(key("s"), 0, b"a", "damaged")])
        assert (await store.read(key("s"))).entries == (HOLE, b"b")

    async def test_setting_an_entry_aside_is_part_of_its_commit(self, store: StateStore) -> None:
        append, aside = Append(key("s"), (b"a", b"b")), SetAsideEntry(key("s"), 1, b"b", "damaged")
        with pytest.raises(ConflictError):
            await store.commit([append, aside, aside])
        assert (await store.read(key("s"))).length == 0
        assert await store.commit([append, aside]) == (2, 0)
        assert (await store.read(key("s"))).entries == (b"a", HOLE)
        await store.commit([DeleteStream(key("s")), append, SetAsideEntry(key("s"), 0, b"a", "x")])
        assert (await store.read(key("s"))).entries == (HOLE, b"b")

    async def test_what_is_left_of_a_stream_ends_when_it_would_have_ended(
        self, store: StateStore, clock: ManualClock
    ) -> None:
        await store.commit([Append(key("s"), (b"a", b"b"), time_to_live=10 * SECOND)])
        clock.advance(5 * SECOND)
        await store.commit([SetAsideEntry(key("s"), 0, b"a", "damaged")])
        clock.advance(4 * SECOND)
        assert (await store.read(key("s"))).entries == (HOLE, b"b")
        clock.advance(SECOND)
        assert (await store.read(key("s"))).length == 0
        with pytest.raises(ConflictError):
            await store.commit([SetAsideEntry(key("s"), 1, b"b", "damaged")])

    async def test_a_record_and_a_stream_of_one_name_are_two(self, store: StateStore) -> None:
        await store.commit([Put(key("x"), b"record"), Append(key("x"), (b"stream",))])
        await store.commit([DeleteStream(key("x"))])
        record = await store.get(key("x"))
        assert record is not None
        assert record.value == b"record"

    async def test_the_last_append_says_how_long_a_stream_lives(
        self, store: StateStore, clock: ManualClock
    ) -> None:
        for name in "ab":
            await store.commit([Append(key(name), (b"1",), time_to_live=10 * SECOND)])
        clock.advance(5 * SECOND)
        await store.commit([Append(key("a"), (b"2",), time_to_live=10 * SECOND)])
        await store.commit([Append(key("b"), (b"2",))])
        clock.advance(9 * SECOND)
        assert (await store.read(key("a"))).length == 2
        clock.advance(SECOND)
        assert (await store.read(key("a"))).length == 0
        clock.advance(timedelta(days=1000))
        assert (await store.read(key("b"))).length == 2

    async def test_concurrent_appends_are_all_there_once(self, store: StateStore) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(100):
                entries = (b"%d.0" % number, b"%d.1" % number)
                group.create_task(store.commit([Append(key("s"), entries)]))
        found = (await store.read(key("s"))).entries
        assert len(found) == 200
        pairs = list(zip(found[::2], found[1::2], strict=True))
        assert sorted(pairs) == sorted((b"%d.0" % one, b"%d.1" % one) for one in range(100))

    async def test_a_wait_returns_at_once_if_there_is_more(self, store: StateStore) -> None:
        await store.commit([Append(key("s"), (b"a", b"b"))])
        assert await store.wait(key("s"), length=1, at_most=MINUTE)
        assert await store.wait(key("s"), length=1, at_most=timedelta())

    async def test_a_wait_is_woken_by_an_append(
        self, store: StateStore, clock: ManualClock
    ) -> None:
        async def follow(count: int) -> tuple[bytes, ...]:
            length = 0
            while length < count:
                if await store.wait(key("s"), length=length, at_most=MINUTE):
                    length = (await store.read(key("s"))).length
            return (await store.read(key("s"))).entries

        async with asyncio.TaskGroup() as group:
            followers = [group.create_task(follow(3)) for _ in range(10)]
            for entry in (b"a", b"b", b"c"):
                await let_others_run()
                assert not any(follower.done() for follower in followers)
                await store.commit([Append(key("s"), (entry,))])
            for follower in followers:
                assert await with_time(follower, clock) == (b"a", b"b", b"c")

    async def test_a_wait_ends_when_its_time_is_over(
        self, store: StateStore, clock: ManualClock
    ) -> None:
        assert not await store.wait(key("s"), length=0, at_most=timedelta())
        await store.commit([Append(key("s"), (b"a",))])
        task = asyncio.create_task(store.wait(key("s"), length=1, at_most=5 * SECOND))
        await let_others_run()
        await store.commit([Append(key("other"), (b"a",))])
        assert not await with_time(task, clock)

    async def test_a_wait_can_be_cancelled(self, store: StateStore) -> None:
        task = asyncio.create_task(store.wait(key("s"), length=0, at_most=MINUTE))
        await let_others_run()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await store.commit([Append(key("s"), (b"a",))]) == (1,)

    async def test_closing_ends_waits(self, store: StateStore) -> None:
        waits = [
            asyncio.create_task(store.wait(key("s"), length=0, at_most=MINUTE)) for _ in range(2)
        ]
        await let_others_run()
        await store.__aexit__(None, None, None)
        for wait in waits:
            with pytest.raises(StoreUnavailableError):
                await wait


__all__ = ["StreamSuite"]
