"""What the disk store does with records that were set aside: keeps, lists, puts back, discards."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from agent_host.stores.disk import DiskStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_fixture import key
from agent_host.types.store import ABSENT, Delete, Put, Record, SetAside
from tests.stores.disk_fixture import disk_store


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
