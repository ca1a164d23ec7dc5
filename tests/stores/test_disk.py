"""The disk store's own promises beside the contract: groups, restarts, cold reads, cancelling."""

# What a user of the store would not see is looked at here: its memory, its writer.
# pyright: reportPrivateUsage=false

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent_host.errors import ConflictError, StoreError, StoreUnavailableError
from agent_host.protocols.clock import Clock
from agent_host.protocols.state_store import StateStore
from agent_host.stores.disk import DiskStateStore
from agent_host.stores.disk_cache import Cache
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.state_store_suite import StateStoreSuite
from agent_host.testing.store_factory import StoreFactory
from agent_host.testing.store_fixture import MINUTE, SECOND, key, let_others_run
from agent_host.types.store import ABSENT, Append, Delete, DeleteStream, Key, Put, Record
from tests.stores.disk_fixture import database, disk_store, gathered

HOUR = timedelta(hours=1)


class TestWithoutMemory(StateStoreSuite):
    """The whole contract again where nothing is remembered, so that every read is from disk."""

    @pytest.fixture
    def factory(self) -> StoreFactory:
        def make(clock: Clock, folder: Path) -> StateStore:
            return DiskStateStore(folder, clock=clock, cache_bytes=0)

        return make


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock) -> AsyncIterator[DiskStateStore]:
    async with disk_store(tmp_path, clock) as store:
        yield store


async def test_says_what_it_is(store: DiskStateStore) -> None:
    assert store.durable
    assert not store.shared


async def test_a_conflict_in_a_group_leaves_the_others_alone(store: DiskStateStore) -> None:
    """All of these are asked for in one turn of the loop, and so are written together."""
    await store.commit([Put(key("taken"), b"")])
    outcome = await gathered(
        asyncio.create_task(store.commit([Put(key("a"), b"1"), Append(key("s"), (b"1",))])),
        asyncio.create_task(
            store.commit([Put(key("lost"), b""), Put(key("taken"), b"x", expect=ABSENT)])
        ),
        asyncio.create_task(store.commit([Put(key("a"), b"2", expect=1)])),
        asyncio.create_task(store.commit([Put(key("a"), b"3", expect=1)])),
        asyncio.create_task(store.commit([Append(key("s"), (b"2",), expect=1)])),
        asyncio.create_task(store.commit([Delete(key("taken"), expect=1)])),
        asyncio.create_task(store.commit([Put(key("taken"), b"new", expect=ABSENT)])),
    )
    assert [one if isinstance(one, tuple) else type(one) for one in outcome] == [
        (1, 1),
        ConflictError,
        (2,),
        ConflictError,
        (2,),
        (0,),
        (1,),
    ]
    assert await store.get(key("lost")) is None
    assert await store.get(key("a")) == Record(key("a"), b"2", 2)
    assert await store.get(key("taken")) == Record(key("taken"), b"new", 1)
    assert (await store.read(key("s"))).entries == (b"1", b"2")


async def test_a_commit_that_cannot_be_kept_fails_alone(store: DiskStateStore) -> None:
    """Text that no encoding has is the caller's mistake, and nobody else's."""
    outcome = await gathered(
        asyncio.create_task(store.commit([Put(key("a"), b"1")])),
        asyncio.create_task(store.commit([Put(key("b"), b""), Put(key("\ud800"), b"")])),
        asyncio.create_task(store.commit([Append(key("s"), (b"1",))])),
    )
    assert outcome[0] == outcome[2] == (1,)
    assert isinstance(outcome[1], StoreError)
    assert await store.get(key("b")) is None
    assert await store.get(key("a")) is not None


async def test_everything_is_there_after_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    entries = tuple(b"%d" % number for number in range(2000))
    async with disk_store(tmp_path, clock) as store:
        await store.commit([Put(key("a"), b"1"), Put(key("b"), b"1", time_to_live=HOUR)])
        await store.commit([Put(key("a"), b"2"), Append(key("s"), entries)])
        await store.commit([Put(key("gone"), b""), Append(key("t"), (b"1",))])
        await store.commit([Delete(key("gone")), DeleteStream(key("t"))])
    for _ in range(2):
        async with disk_store(tmp_path, clock) as store:
            assert await store.get(key("a")) == Record(key("a"), b"2", 2)
            assert await store.get(key("b")) == Record(key("b"), b"1", 1)
            assert await store.get(key("gone")) is None
            last = await store.read_last(key("s"), limit=3)
            assert (last.first, last.entries) == (1997, entries[-3:])
            assert (await store.read(key("s"), start=990, limit=20)).entries == entries[990:1010]
            assert (await store.read(key("t"))).length == 0
            with pytest.raises(ConflictError):
                await store.commit([Put(key("a"), b"", expect=1)])
            with pytest.raises(ConflictError):
                await store.commit([Append(key("s"), (b"",), expect=1999)])
    clock.advance(HOUR)
    async with disk_store(tmp_path, clock) as store:
        assert await store.get(key("b")) is None


async def test_streams_go_on_after_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    """Numbers of streams are not used twice, even if all that is left of one is to be swept."""
    for turn in range(3):
        async with disk_store(tmp_path, clock) as store:
            await store.commit([Append(key("s"), (b"%d" % turn,), expect=turn)])
            await store.commit([Append(key("new"), (b"x",), expect=0)])
            assert (await store.read(key("new"))).entries == (b"x",)
            await store.commit([DeleteStream(key("new"))])
    async with disk_store(tmp_path, clock) as store:
        assert (await store.read(key("s"))).entries == (b"0", b"1", b"2")


async def test_what_is_warm_is_read_without_the_disk(store: DiskStateStore) -> None:
    await store.commit([Put(key("a"), b"1"), Append(key("s"), (b"1", b"2", b"3"))])
    for read in (
        store.get(key("a")),
        store.read_last(key("s"), limit=2),
        store.read(key("s"), start=1),
    ):
        with pytest.raises(StopIteration):
            read.send(None)  # it ends without having waited for anything


async def test_what_was_read_is_warm_until_it_changes(tmp_path: Path, clock: ManualClock) -> None:
    async with disk_store(tmp_path, clock) as store:
        await store.commit([Put(key("a"), b"1"), Append(key("s"), (b"1",))])
    async with disk_store(tmp_path, clock) as store:
        for _ in range(2):
            assert await store.get(key("a")) == Record(key("a"), b"1", 1)
            assert await store.get(key("none")) is None
            assert (await store.read_last(key("s"), limit=9)).entries == (b"1",)
        await store.commit([Put(key("a"), b"2"), Put(key("none"), b""), Append(key("s"), (b"2",))])
        assert await store.get(key("a")) == Record(key("a"), b"2", 2)
        assert await store.get(key("none")) is not None
        assert (await store.read_last(key("s"), limit=9)).entries == (b"1", b"2")


async def test_memory_stays_within_its_bound(tmp_path: Path, clock: ManualClock) -> None:
    limit = 100_000
    async with DiskStateStore(tmp_path, clock=clock, cache_bytes=limit) as store:
        for number in range(100):
            name = str(number)
            await store.commit([Put(key(name), b"x" * 5000), Append(key(name), (b"y" * 5000,))])
        assert len(store._cache.records) < 30
        assert len(store._cache.streams) < 30
        assert await store.get(key("0")) == Record(key("0"), b"x" * 5000, 1)
        assert (await store.read(key("0"))).entries == (b"y" * 5000,)


async def test_readers_that_make_room_do_not_disturb_the_writer(
    tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    names = [key(str(number)) for number in range(40)]
    async with DiskStateStore(tmp_path, clock=clock, cache_bytes=20_000) as store:
        await store.commit([Put(name, b"0" * 100) for name in names])

        async def read() -> None:
            for _ in range(30):
                for name in names:
                    await store.get(name)

        async def write(name: Key) -> None:
            for version in range(1, 31):
                await store.commit([Put(name, b"1", expect=version), Append(name, (b"",))])

        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(write(name))
            group.create_task(read())
        assert {one.version for one in await store.scan("c", "p")} == {31}
    assert caplog.text == ""


async def test_what_one_read_saw_no_later_read_denies(
    store: DiskStateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller of a commit has not heard of it yet, and a reader of the disk already has."""
    await store.commit([Put(key("a"), b"1"), Append(key("s"), (b"1",))])
    remember, go_on = Cache._put, threading.Event()

    def remember_late(cache: Cache, *states: Any) -> None:
        assert go_on.wait(30)
        remember(cache, *states)

    def learn_nothing(*_: Any) -> None:  # it would wait for the writer
        return

    monkeypatch.setattr(Cache, "_put", remember_late)
    commit = asyncio.create_task(store.commit([Put(key("a"), b"2"), Append(key("s"), (b"2",))]))
    while (await store.scan("c", "p"))[0].value != b"2":
        await asyncio.sleep(0)
    try:
        monkeypatch.setattr(Cache, "learn", learn_nothing)
        assert await store.get(key("a")) == Record(key("a"), b"2", 2)
        assert (await store.read_last(key("s"), limit=9)).entries == (b"1", b"2")
        assert (await store.read(key("s"), start=1)).entries == (b"2",)
        assert not commit.done()
    finally:
        go_on.set()
    assert await commit == (2, 2)
    assert await store.get(key("a")) == Record(key("a"), b"2", 2)


async def test_a_long_stream_is_remembered_by_its_end(store: DiskStateStore) -> None:
    for first in range(0, 3000, 10):
        entries = tuple(b"%d" % number for number in range(first, first + 10))
        await store.commit([Append(key("s"), entries, expect=first)])
    assert len(store._cache.streams[key("s")].tail) <= 512
    assert (await store.read(key("s"), start=5, limit=2)).entries == (b"5", b"6")
    assert (await store.read_last(key("s"), limit=2)).entries == (b"2998", b"2999")
    await store.commit([Append(key("s"), (b"z" * 200_000,))])
    assert (await store.read_last(key("s"), limit=2)).entries == (b"2999", b"z" * 200_000)


async def test_a_cancelled_caller_hears_of_it_once_the_matter_is_settled(
    store: DiskStateStore,
) -> None:
    """However often it is cancelled: what it asked for is readable, or never will be."""
    for turn in range(50):
        name = key(str(turn))
        task = asyncio.create_task(store.commit([Put(name, b"")]))
        for _ in range(turn % 5):
            await asyncio.sleep(0)
        started = turn % 5 > 0
        while not task.done():
            task.cancel()
            await asyncio.sleep(0)
        seen = await store.get(name)
        assert (seen is not None) == started
        await store.commit([Put(key("other"), b"")])
        assert await store.get(name) == seen


async def test_a_lease_passes_on_after_what_it_fenced(
    store: DiskStateStore, clock: ManualClock
) -> None:
    """The next holder sees every commit that the former was allowed."""
    name = key("n")
    for turn in range(20):
        lease = await store.acquire(name, holder="h", time_to_live=SECOND)
        assert lease is not None
        commit = asyncio.create_task(store.commit([Append(key("s"), (b"",))], fence=lease))
        await asyncio.sleep(0)
        clock.advance(SECOND)
        following = await store.acquire(name, holder="next", time_to_live=MINUTE)
        assert following is not None
        assert (await store.read(key("s"))).length == turn + 1
        await commit
        await store.release(following)


async def test_fences_grow_over_restarts_and_leases_end_with_the_process(
    tmp_path: Path, clock: ManualClock
) -> None:
    fences: list[int] = []
    for _ in range(3):
        async with disk_store(tmp_path, clock) as store:
            lease = await store.acquire(key("n"), holder="h", time_to_live=HOUR)
            assert lease is not None
            fences.append(lease.fence)
    assert fences == sorted(set(fences))


async def test_what_has_ended_is_cleared_away(tmp_path: Path, clock: ManualClock) -> None:
    async with disk_store(tmp_path, clock) as store:
        await store.commit([Put(key("kept"), b""), Append(key("kept"), (b"",))])
        await store.commit([Put(key(str(one)), b"", time_to_live=SECOND) for one in range(500)])
        many = tuple(b"" for _ in range(1200))
        await store.commit([Append(key(str(one)), many, time_to_live=SECOND) for one in range(3)])
        await store.commit([Append(key("s"), many), DeleteStream(key("s"))])
        clock.advance(SECOND)
        while await store.sweep():
            pass
        await store.commit([Append(key("1"), (b"new",), expect=0)])
        assert (await store.read(key("1"))).entries == (b"new",)
        while await store.sweep():
            pass
        report = await store.inspect()
        assert (report.records, report.streams, report.entries) == ({"c": 1}, 2, 2)
    with database(tmp_path) as disk:
        assert disk.execute("SELECT count(*) FROM garbage").fetchone() == (0,)


async def test_a_check_writes_something(store: DiskStateStore) -> None:
    await store.check()
    store._writer.committed_at = 0.0
    await store.check()
    assert store._writer.committed_at > 0


async def test_threads_end_with_the_store(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    async with disk_store(tmp_path) as store:
        await store.get(key("a"))
        await store.commit([Put(key("a"), b"")])
        assert len(set(threading.enumerate()) - before) == 4
    assert not [one for one in set(threading.enumerate()) - before if "store" in one.name]


async def test_leaving_finishes_what_was_asked_for(tmp_path: Path) -> None:
    async with disk_store(tmp_path) as store:
        asked = [asyncio.create_task(store.commit([Put(key(str(one)), b"")])) for one in range(99)]
        await asyncio.sleep(0)
    assert await gathered(*asked) == [(1,)] * 99
    with pytest.raises(StoreUnavailableError):
        await store.__aenter__()
    async with disk_store(tmp_path) as store:
        assert len(await store.scan("c", "p")) == 99


async def test_a_report_counts_and_shows_no_content(store: DiskStateStore, tmp_path: Path) -> None:
    secret = "s3cret"
    await store.commit([Put(Key("run", secret, secret), secret.encode()), Put(key("x"), b"")])
    report = await store.inspect()
    assert report.records == {"c": 1, "run": 1}
    assert (report.folder, report.problems, report.set_aside) == (tmp_path, (), 0)
    assert report.schema_version == report.newest_schema_version
    assert report.size_bytes + report.log_bytes > (tmp_path / "state.db").stat().st_size
    assert secret not in repr(report)


async def test_waits_see_what_comes_while_they_look(tmp_path: Path, clock: ManualClock) -> None:
    async with disk_store(tmp_path, clock) as store:
        await store.commit([Append(key("s"), (b"1",))])
    async with disk_store(tmp_path, clock) as store:
        wait = asyncio.create_task(store.wait(key("s"), length=1, at_most=HOUR))
        await asyncio.sleep(0)
        await store.commit([Append(key("s"), (b"2",))])
        assert await wait
        assert not await store.wait(key("s"), length=2, at_most=timedelta())
        await let_others_run()
        assert not store._waits
