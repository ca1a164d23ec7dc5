"""The store's contract, part one: records, commits, scans, times to live, opening and closing."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from agent_host.errors import ConflictError, StoreUnavailableError
from agent_host.protocols.state_store import StateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_factory import StoreFactory
from agent_host.testing.store_fixture import SECOND, StoreFixture, key, let_others_run
from agent_host.types.store import (
    ABSENT,
    Append,
    Delete,
    DeleteStream,
    Key,
    Lease,
    Put,
    Record,
    SetAside,
    Write,
)

HOSTILE_TEXTS = (
    "",
    "\0",
    "a\0b",
    "a/b",
    "../..",
    "a:b",
    "%2F",
    "*",
    "[a-z]",
    "'; DROP TABLE records; --",
    "é",
    "e\u0301",
    "\U0001f600",
    "\uffff",
    "\n",
    " ",
    "x" * 10_000,
)


class RecordSuite(StoreFixture):
    """Records, and commits as a whole."""

    async def test_answers_a_check(self, store: StateStore) -> None:
        await store.check()

    async def test_says_whether_it_is_durable_and_shared(self, store: StateStore) -> None:
        assert isinstance(store.durable, bool)
        assert isinstance(store.shared, bool)

    async def test_a_record_that_was_never_written_is_absent(self, store: StateStore) -> None:
        assert await store.get(key("a")) is None

    async def test_versions_count_writes_from_one(self, store: StateStore) -> None:
        assert await store.commit([Put(key("a"), b"1")]) == (1,)
        assert await store.commit([Put(key("a"), b"2")]) == (2,)
        assert await store.get(key("a")) == Record(key("a"), b"2", 2)

    async def test_any_bytes_come_back_as_they_were(self, store: StateStore) -> None:
        for value in (b"", bytes(range(256)), b"\xff" * 1_000_000):
            await store.commit([Put(key("a"), value)])
            record = await store.get(key("a"))
            assert record is not None
            assert record.value == value

    async def test_expecting_absence_lets_one_writer_in(self, store: StateStore) -> None:
        await store.commit([Put(key("a"), b"1", expect=ABSENT)])
        with pytest.raises(ConflictError):
            await store.commit([Put(key("a"), b"2", expect=ABSENT)])
        assert await store.get(key("a")) == Record(key("a"), b"1", 1)

    async def test_what_is_set_aside_reads_as_absent(self, store: StateStore) -> None:
        await store.commit([Put(key("a"), b"\xff"), Put(key("a"), b"\xfe"), Put(key("b"), b"2")])
        assert await store.commit([SetAside(key("a"), 2, "damaged")]) == (0,)
        assert await store.get(key("a")) is None
        assert [record.key for record in await store.scan("c", "p")] == [key("b")]
        assert await store.commit([Put(key("a"), b"new", expect=ABSENT)]) == (1,)

    async def test_only_the_version_that_was_read_is_set_aside(self, store: StateStore) -> None:
        await store.commit([Put(key("a"), b"1"), Put(key("a"), b"2")])
        for version in (1, 3):
            with pytest.raises(ConflictError):
                await store.commit([SetAside(key("a"), version, "damaged")])
        assert await store.get(key("a")) == Record(key("a"), b"2", 2)
        with pytest.raises(ConflictError):
            await store.commit([SetAside(key("none"), 1, "damaged")])

    async def test_setting_aside_is_part_of_its_commit(self, store: StateStore) -> None:
        await store.commit([Put(key("a"), b"1")])
        with pytest.raises(ConflictError):
            await store.commit([SetAside(key("a"), 1, "damaged"), Delete(key("b"), 7)])
        assert await store.get(key("a")) is not None
        aside = SetAside(key("a"), 1, "damaged")
        assert await store.commit([aside, Put(key("a"), b"2"), aside]) == (0, 1, 0)
        assert await store.get(key("a")) is None

    async def test_expecting_a_version_takes_only_that(self, store: StateStore) -> None:
        await store.commit([Put(key("a"), b"1")])
        assert await store.commit([Put(key("a"), b"2", expect=1)]) == (2,)
        for wrong in (ABSENT, 1, 3):
            with pytest.raises(ConflictError):
                await store.commit([Put(key("a"), b"x", expect=wrong)])
        assert await store.get(key("a")) == Record(key("a"), b"2", 2)

    async def test_a_delete_removes_and_may_expect(self, store: StateStore) -> None:
        await store.commit([Put(key("a"), b"1")])
        with pytest.raises(ConflictError):
            await store.commit([Delete(key("a"), expect=2)])
        assert await store.commit([Delete(key("a"), expect=1)]) == (0,)
        assert await store.get(key("a")) is None

    async def test_deleting_what_is_not_there_is_no_error(self, store: StateStore) -> None:
        assert await store.commit([Delete(key("a")), DeleteStream(key("a"))]) == (0, 0)
        await store.commit([Delete(key("a"), expect=ABSENT)])
        with pytest.raises(ConflictError):
            await store.commit([Delete(key("a"), expect=1)])

    async def test_a_deleted_record_begins_anew(self, store: StateStore) -> None:
        await store.commit([Put(key("a"), b"1")])
        await store.commit([Put(key("a"), b"2")])
        await store.commit([Delete(key("a"))])
        assert await store.commit([Put(key("a"), b"3", expect=ABSENT)]) == (1,)

    async def test_writes_of_a_commit_see_those_before_them(self, store: StateStore) -> None:
        outcome = await store.commit(
            [
                Put(key("a"), b"1", expect=ABSENT),
                Put(key("a"), b"2", expect=1),
                Delete(key("a"), expect=2),
                Put(key("a"), b"3", expect=ABSENT),
                Append(key("s"), (b"x", b"y"), expect=0),
                Append(key("s"), (b"z",), expect=2),
                DeleteStream(key("s")),
                Append(key("s"), (b"w",), expect=0),
            ]
        )
        assert outcome == (1, 2, 0, 1, 2, 3, 0, 1)
        assert await store.get(key("a")) == Record(key("a"), b"3", 1)
        assert (await store.read(key("s"))).entries == (b"w",)

    async def test_a_refused_commit_leaves_nothing(self, store: StateStore) -> None:
        await store.commit([Put(key("kept"), b"1"), Append(key("s"), (b"1",))])
        refused: Write
        for refused in (
            Put(key("kept"), b"x", expect=ABSENT),
            Delete(key("kept"), expect=9),
            Append(key("s"), (b"x",), expect=7),
        ):
            with pytest.raises(ConflictError):
                await store.commit(
                    [
                        Put(key("new"), b"x"),
                        Put(key("kept"), b"2"),
                        Append(key("s"), (b"2",)),
                        Append(key("t"), (b"2",)),
                        refused,
                    ]
                )
        unwanted = Delete(key("absent"), expect=1)
        with pytest.raises(ConflictError):
            await store.commit([Delete(key("kept")), DeleteStream(key("s")), unwanted])
        assert await store.get(key("new")) is None
        assert await store.get(key("kept")) == Record(key("kept"), b"1", 1)
        assert (await store.read(key("s"))).entries == (b"1",)
        assert (await store.read(key("t"))).length == 0

    async def test_an_empty_commit_is_allowed(self, store: StateStore) -> None:
        assert await store.commit([]) == ()

    async def test_key_text_is_never_interpreted(self, store: StateStore) -> None:
        keys = [
            Key(collection, partition, identifier)
            for collection in HOSTILE_TEXTS
            for partition in (HOSTILE_TEXTS[1], HOSTILE_TEXTS[3], "p")
            for identifier in (*HOSTILE_TEXTS, "i")
        ]
        await store.commit([Put(one, repr(one).encode()) for one in keys])
        await store.commit([Append(one, (repr(one).encode(),)) for one in keys])
        for one in keys:
            record = await store.get(one)
            assert record == Record(one, repr(one).encode(), 1)
            assert (await store.read(one)).entries == (repr(one).encode(),)
        for collection in HOSTILE_TEXTS:
            found = await store.scan(collection, "p")
            assert [record.key.id for record in found] == sorted((*HOSTILE_TEXTS, "i"))

    async def test_parts_of_a_key_do_not_run_together(self, store: StateStore) -> None:
        keys = [Key("ab", "c", "d"), Key("a", "bc", "d"), Key("a", "b", "cd"), Key("abc", "", "d")]
        await store.commit([Put(one, b"%d" % number) for number, one in enumerate(keys)])
        for number, one in enumerate(keys):
            assert await store.get(one) == Record(one, b"%d" % number, 1)

    async def test_a_scan_goes_by_id_in_both_directions(self, store: StateStore) -> None:
        ids = ["b", "a", "\U0001f600", "\uffff", "aa", "B", "é"]
        for one in ids:
            await store.commit([Put(key(one), one.encode())])
        ordered = sorted(ids)
        up = await store.scan("c", "p")
        down = await store.scan("c", "p", newest_first=True)
        assert [record.key.id for record in up] == ordered
        assert [record.key.id for record in down] == ordered[::-1]
        assert up[0] == Record(key("B"), b"B", 1)

    async def test_a_scan_goes_on_behind_an_id(self, store: StateStore) -> None:
        await store.commit([Put(key(one), b"") for one in "bdfh"])
        assert await self._ids(store, after="b", limit=2) == ["d", "f"]
        assert await self._ids(store, after="c", limit=2) == ["d", "f"]
        assert await self._ids(store, after="h") == []
        assert await self._ids(store, after="") == ["b", "d", "f", "h"]
        assert await self._ids(store, after="f", newest_first=True) == ["d", "b"]
        assert await self._ids(store, after="e", newest_first=True, limit=1) == ["d"]
        assert await self._ids(store, after="b", newest_first=True) == []
        assert await self._ids(store, limit=0) == []

    async def test_a_scan_follows_every_change(self, store: StateStore) -> None:
        await store.commit([Put(key(one), b"") for one in "ace"])
        assert await self._ids(store) == ["a", "c", "e"]
        await store.commit([Put(key("b"), b""), Put(key("f"), b""), Delete(key("c"))])
        assert await self._ids(store) == ["a", "b", "e", "f"]
        await store.commit([Put(key("b"), b"again"), Delete(key("f"))])
        assert await self._ids(store) == ["a", "b", "e"]

    async def test_a_scan_stays_in_its_partition(self, store: StateStore) -> None:
        await store.commit(
            [
                Put(key("a"), b""),
                Put(key("b", partition="q"), b""),
                Put(key("c", partition="pp"), b""),
                Put(key("d", collection="cc"), b""),
                Append(key("e"), (b"",)),
            ]
        )
        assert await self._ids(store) == ["a"]
        assert list(await store.scan("none", "p")) == []

    async def test_what_is_past_its_time_is_gone_to_the_second(
        self, store: StateStore, clock: ManualClock
    ) -> None:
        await store.commit(
            [
                Put(key("short"), b"", time_to_live=10 * SECOND),
                Put(key("long"), b"", time_to_live=11 * SECOND),
                Put(key("kept"), b""),
                Append(key("s"), (b"x",), time_to_live=10 * SECOND),
            ]
        )
        clock.advance(timedelta(seconds=9.5))
        assert await store.get(key("short")) is not None
        assert (await store.read(key("s"))).length == 1
        clock.advance(timedelta(seconds=0.5))
        assert await store.get(key("short")) is None
        assert (await store.read(key("s"))).length == 0
        assert (await store.read_last(key("s"), limit=1)).length == 0
        assert await self._ids(store) == ["kept", "long"]
        clock.advance(timedelta(days=10_000))
        assert await self._ids(store) == ["kept"]

    async def test_expired_means_absent_to_an_expectation(
        self, store: StateStore, clock: ManualClock
    ) -> None:
        await store.commit([Put(key("a"), b"1", time_to_live=SECOND)])
        await store.commit([Append(key("s"), (b"1", b"2"), time_to_live=SECOND)])
        clock.advance(SECOND)
        with pytest.raises(ConflictError):
            await store.commit([Put(key("a"), b"2", expect=1)])
        outcome = await store.commit(
            [Put(key("a"), b"2", expect=ABSENT), Append(key("s"), (b"3",), expect=0)]
        )
        assert outcome == (1, 1)
        assert (await store.read(key("s"))).entries == (b"3",)

    async def test_the_last_write_says_how_long_a_record_lives(
        self, store: StateStore, clock: ManualClock
    ) -> None:
        await store.commit([Put(key(one), b"", time_to_live=10 * SECOND) for one in "abc"])
        await store.commit([Put(key("a"), b"")])
        await store.commit([Put(key("b"), b"", time_to_live=20 * SECOND)])
        await store.commit([Put(key("c"), b"", time_to_live=SECOND)])
        clock.advance(SECOND)
        assert await self._ids(store) == ["a", "b"]
        clock.advance(18 * SECOND)
        assert await self._ids(store) == ["a", "b"]
        clock.advance(SECOND)
        assert await self._ids(store) == ["a"]

    async def test_concurrent_increments_lose_nothing(self, store: StateStore) -> None:
        counter = key("n")
        await store.commit([Put(counter, b"0")])

        async def increment() -> None:
            while True:
                record = await store.get(counter)
                assert record is not None
                value = b"%d" % (int(record.value) + 1)
                try:
                    await store.commit([Put(counter, value, expect=record.version)])
                except ConflictError:
                    await asyncio.sleep(0)
                else:
                    return

        async with asyncio.TaskGroup() as group:
            for _ in range(50):
                group.create_task(increment())
        assert await store.get(counter) == Record(counter, b"50", 51)

    async def test_a_cancelled_commit_was_done_whole_or_not(self, store: StateStore) -> None:
        for turn in range(20):
            writes: list[Write] = [Put(key(f"{turn}-a"), b""), Append(key(f"{turn}-s"), (b"",))]
            task = asyncio.create_task(store.commit(writes))
            for _ in range(turn % 4):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            await let_others_run()
            record = await store.get(key(f"{turn}-a"))
            stream = await store.read(key(f"{turn}-s"))
            assert (record is not None) == (stream.length == 1)
            if not task.cancelled():
                assert record is not None

    async def test_calls_outside_are_refused(
        self, factory: StoreFactory, clock: ManualClock, tmp_path: Path
    ) -> None:
        store = factory(clock, tmp_path)
        await self._check_refused(store)
        async with store:
            lease = await store.acquire(key("n"), holder="h", time_to_live=SECOND)
            assert lease is not None
        await self._check_refused(store)

    async def test_a_durable_store_keeps_what_it_was_given(
        self, factory: StoreFactory, clock: ManualClock, tmp_path: Path
    ) -> None:
        async with factory(clock, tmp_path) as store:
            await store.commit([Put(key("a"), b"1"), Append(key("s"), (b"x", b"y"))])
            lease = await store.acquire(key("n"), holder="h", time_to_live=SECOND)
            assert lease is not None
            if not store.durable:
                return
        clock.advance(SECOND)
        async with factory(clock, tmp_path) as store:
            assert await store.get(key("a")) == Record(key("a"), b"1", 1)
            assert (await store.read(key("s"))).entries == (b"x", b"y")
            later = await store.acquire(key("n"), holder="h", time_to_live=SECOND)
            assert later is not None
            assert later.fence > lease.fence

    async def _ids(
        self,
        store: StateStore,
        *,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> list[str]:
        found = await store.scan("c", "p", after=after, limit=limit, newest_first=newest_first)
        return [record.key.id for record in found]

    async def _check_refused(self, store: StateStore) -> None:
        lease = Lease(key("n"), "h", 1)
        calls: list[Callable[[], Awaitable[object]]] = [
            store.check,
            lambda: store.commit([Put(key("a"), b"")]),
            lambda: store.get(key("a")),
            lambda: store.scan("c", "p"),
            lambda: store.read(key("s")),
            lambda: store.read_last(key("s"), limit=1),
            lambda: store.wait(key("s"), length=0, at_most=SECOND),
            lambda: store.acquire(key("n"), holder="h", time_to_live=SECOND),
            lambda: store.renew(lease, time_to_live=SECOND),
            lambda: store.release(lease),
        ]
        for call in calls:
            with pytest.raises(StoreUnavailableError):
                await call()


__all__ = ["HOSTILE_TEXTS", "RecordSuite"]
