"""Reading a folder beside its owner, or after it: the same contents, and no way to write."""

import sqlite3
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from agent_host.errors import StoreUnavailableError
from agent_host.protocols.state_store import StateStore
from agent_host.stores.disk import DiskStateStore
from agent_host.stores.disk_lock import is_locked
from agent_host.stores.disk_view import DiskStateView
from agent_host.testing.manual_clock import ManualClock
from agent_host.types.store import Append, Key, Lease, Put

KEY = Key("noun", "whose", "b")
STREAM = Key("journal", "whose", "b")
LEASE = Lease(name=KEY, holder="x", fence=1)


async def fill(store: StateStore) -> None:
    day = timedelta(days=1)
    await store.commit(
        [
            Put(Key("noun", "whose", "a"), b"1"),
            Put(KEY, b"2"),
            Put(Key("noun", "whose", "c"), b"3", None, day),
            Put(Key("noun", "other", "a"), b"4"),
            Append(STREAM, (b"x", b"y", b"z")),
            Append(Key("journal", "whose", "c"), (b"x",), None, day),
        ]
    )


async def seen(store: StateStore) -> object:
    return (
        await store.get(KEY),
        await store.get(Key("noun", "whose", "c")),
        await store.get(Key("noun", "whose", "missing")),
        await store.scan("noun", "whose"),
        await store.scan("noun", "whose", after="b", newest_first=True),
        await store.scan("noun", "whose", limit=1),
        await store.read(STREAM, start=1),
        await store.read(STREAM, start=7),
        await store.read_last(STREAM, limit=2),
        await store.read_last(Key("journal", "whose", "c"), limit=1),
        await store.read(Key("journal", "whose", "missing")),
    )


async def test_it_sees_what_the_store_sees_beside_it_and_after_it(tmp_path: Path) -> None:
    clock = ManualClock()
    async with DiskStateStore(tmp_path, clock=clock) as store:
        await fill(store)
        expected = await seen(store)
        async with DiskStateView(tmp_path, clock=clock) as view:
            await view.check()
            assert (view.durable, view.shared) == (True, True)
            assert await seen(view) == expected
            assert await view.wait(STREAM, length=2, at_most=timedelta(days=1))
            assert not await view.wait(STREAM, length=3, at_most=timedelta(days=1))
    async with DiskStateView(tmp_path, clock=clock) as view:
        assert await seen(view) == expected


async def test_what_is_past_its_time_is_not_there(tmp_path: Path) -> None:
    clock = ManualClock()
    async with DiskStateStore(tmp_path, clock=clock) as store:
        await fill(store)
    clock.advance(timedelta(days=2))
    async with DiskStateView(tmp_path, clock=clock) as view:
        assert await view.get(Key("noun", "whose", "c")) is None
        assert [one.key.id for one in await view.scan("noun", "whose")] == ["a", "b"]
        assert (await view.read_last(Key("journal", "whose", "c"), limit=1)).length == 0


WRITES: list[Callable[[StateStore], Awaitable[object]]] = [
    lambda view: view.commit([Put(KEY, b"9")]),
    lambda view: view.acquire(KEY, holder="x", time_to_live=timedelta(days=1)),
    lambda view: view.renew(LEASE, time_to_live=timedelta(days=1)),
    lambda view: view.release(LEASE),
]


@pytest.mark.parametrize("write", WRITES)
async def test_it_writes_nothing(
    tmp_path: Path, write: Callable[[StateStore], Awaitable[object]]
) -> None:
    async with DiskStateStore(tmp_path) as store:
        await fill(store)
    async with DiskStateView(tmp_path) as view:
        with pytest.raises(StoreUnavailableError, match="for reading only"):
            await write(view)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            view._connection.execute("DELETE FROM records")  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(
    ("pragma", "said"),
    [("user_version = 99", "of version 99"), ("application_id = 7", "another program's")],
)
async def test_what_is_not_known_is_refused(tmp_path: Path, pragma: str, said: str) -> None:
    async with DiskStateStore(tmp_path):
        pass
    database = sqlite3.connect(tmp_path / "state.db")
    database.execute(f"PRAGMA {pragma}")
    database.close()
    with pytest.raises(StoreUnavailableError, match=said):
        await DiskStateView(tmp_path).__aenter__()


async def test_no_store_and_a_broken_one_are_said(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match=r"state\.db is missing"):
        await DiskStateView(tmp_path).__aenter__()
    (tmp_path / "state.db").write_bytes(b"no database at all" * 1000)
    with pytest.raises(StoreUnavailableError, match="damaged"):
        await DiskStateView(tmp_path).__aenter__()


async def test_the_lock_says_whether_somebody_has_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    assert not is_locked(folder)
    async with DiskStateStore(folder):
        assert is_locked(folder)
        assert is_locked(folder)
    assert not is_locked(folder)
    async with DiskStateStore(folder):  # looking has not kept anybody out
        assert is_locked(folder)
    (folder / "lock").unlink()
    (folder / "lock").symlink_to(folder / "state.db")
    with pytest.raises(OSError, match="symbolic links"):
        is_locked(folder)
