"""What the disk store does with what was set aside: keeps, lists, puts back, discards it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from agent_host.stores.disk import DiskStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_fixture import key
from agent_host.types.store import (
    ABSENT,
    HOLE,
    Append,
    Delete,
    DeleteStream,
    Put,
    Record,
    SetAside,
    SetAsideEntry,
    StreamEntry,
)
from tests.stores.disk_fixture import database, disk_store


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock) -> AsyncIterator[DiskStateStore]:
    async with disk_store(tmp_path, clock) as store:
        yield store


async def test_records_can_be_set_aside(store: DiskStateStore, clock: ManualClock) -> None:
    await store.commit([Put(key("bad"), b"\xff\xff"), Put(key("good"), b"{}")])
    await store.commit([SetAside(key("bad"), 1, "unreadable_record")])
    assert await store.get(key("bad")) is None
    (one,) = await store.quarantined()
    assert (one.key, one.version, one.size_bytes, one.code, one.since) == (
        key("bad"),
        1,
        2,
        "unreadable_record",
        clock.now(),
    )
    assert await store.quarantined(after=one.number) == []
    assert await store.commit([Put(key("bad"), b"{}", expect=ABSENT)]) == (1,)
    assert (await store.inspect()).quarantined == {"c": 1}
    assert await store.find_quarantined(one.number) == Record(key("bad"), b"\xff\xff", 1)
    assert not await store.put_back(one.number)
    await store.commit([Delete(key("bad"))])
    assert await store.put_back(one.number)
    assert await store.get(key("bad")) == Record(key("bad"), b"\xff\xff", 1)
    assert not await store.put_back(one.number)
    assert await store.find_quarantined(one.number) is None
    assert not await store.discard(one.number)


async def test_what_is_set_aside_in_the_group_that_wrote_it_is_kept(store: DiskStateStore) -> None:
    first, second = SetAside(key("a"), 1, "x"), SetAside(key("a"), 1, "y")
    await store.commit([Put(key("a"), b"1"), first, Put(key("a"), b"2"), second])
    found = await store.quarantined()
    assert [one.code for one in found] == ["x", "y"]
    kept = [await store.find_quarantined(one.number) for one in found]
    assert [one.value for one in kept if one is not None] == [b"1", b"2"]


async def test_what_is_set_aside_ends_when_it_would_have_ended(tmp_path: Path) -> None:
    clock = ManualClock()
    life = timedelta(seconds=10)
    async with disk_store(tmp_path, clock) as store:
        await store.commit([Put(key("a"), b"1", time_to_live=life), Put(key("b"), b"2")])
    async with disk_store(tmp_path, clock) as store:  # which remembers nothing of them
        await store.commit([SetAside(key("a"), 1, "x"), SetAside(key("b"), 1, "x")])
        first, second = await store.quarantined()
        assert await store.put_back(first.number)
        clock.advance(life)
        assert await store.get(key("a")) is None
        await store.commit([Put(key("a"), b"3", time_to_live=life)])
        await store.commit([SetAside(key("a"), 1, "x")])
        clock.advance(life)
        while await store.sweep():
            pass
        assert await store.quarantined() == [second]
        await store.commit([Put(key("b"), b"4", time_to_live=life)])
        clock.advance(life)
        assert await store.put_back(second.number)  # what is over there is in nobody's way
        assert await store.discard(second.number) is False


async def test_an_entry_is_kept_with_its_place(tmp_path: Path) -> None:
    async with disk_store(tmp_path) as store:
        await store.commit([Append(key("s"), (b"a", b"\xff\xff", b"c"))])
    async with disk_store(tmp_path) as store:  # which remembers nothing of it
        await store.commit([SetAsideEntry(key("s"), 1, b"\xff\xff", "unreadable_record")])
        (one,) = await store.quarantined()
        assert (one.key, one.position, one.version) == (key("s"), 1, 0)
        assert (one.size_bytes, one.code) == (2, "unreadable_record")
        kept = await store.find_quarantined(one.number)
        assert kept == StreamEntry(key("s"), 1, b"\xff\xff")
        assert (await store.inspect()).quarantined == {"c": 1}
    async with disk_store(tmp_path) as store:
        assert (await store.read(key("s"))).entries == (b"a", HOLE, b"c")
        assert await store.put_back(one.number)
        assert (await store.read(key("s"))).entries == (b"a", b"\xff\xff", b"c")
        assert await store.quarantined() == []
        await store.commit([SetAsideEntry(key("s"), 1, b"\xff\xff", "unreadable_record")])


async def test_an_entry_comes_back_to_its_own_stream_only(store: DiskStateStore) -> None:
    await store.commit([Append(key("s"), (b"a",))])
    await store.commit([SetAsideEntry(key("s"), 0, b"a", "x")])
    (one,) = await store.quarantined()
    await store.commit([DeleteStream(key("s")), Append(key("s"), (b"b",))])
    await store.commit([SetAsideEntry(key("s"), 0, b"b", "x")])
    assert not await store.put_back(one.number)
    assert (await store.read(key("s"))).entries == (HOLE,)


async def test_what_was_set_aside_of_a_stream_goes_with_it(
    store: DiskStateStore, clock: ManualClock
) -> None:
    life = timedelta(seconds=10)
    await store.commit([Append(key("s"), (b"a",), time_to_live=life), Append(key("t"), (b"a",))])
    await store.commit([SetAsideEntry(key(name), 0, b"a", "x") for name in "st"])
    first, second = await store.quarantined()
    await store.commit([Append(key("s"), (b"b",), time_to_live=life)])
    clock.advance(life)
    assert not await store.put_back(first.number)  # nobody would see it
    while await store.sweep():
        pass
    assert await store.quarantined() == [second]
    await store.commit([DeleteStream(key("t"))])
    assert not await store.put_back(second.number)
    while await store.sweep():
        pass
    assert await store.quarantined() == []


async def test_the_number_of_a_stream_is_not_used_again_while_some_of_it_is_kept(
    tmp_path: Path,
) -> None:
    async with disk_store(tmp_path) as store:
        await store.commit([Append(key("s"), (b"a",))])
        await store.commit([SetAsideEntry(key("s"), 0, b"a", "x")])
    with database(tmp_path) as disk:  # as after damage, which leaves nothing else of it
        disk.execute("DELETE FROM streams")
        disk.execute("DELETE FROM entries")
    async with disk_store(tmp_path) as store:
        await store.commit([Append(key("t"), (b"b",))])
        await store.commit([SetAsideEntry(key("t"), 0, b"b", "x")])
        first, second = await store.quarantined()
        assert not await store.put_back(first.number)
        assert await store.put_back(second.number)
        assert (await store.read(key("t"))).entries == (b"b",)
