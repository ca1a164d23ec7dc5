"""The disk store's tables: opened from every released version, and statements that find by key."""

# What a user of the store would not see is looked at here: its memory, its writer.
# pyright: reportPrivateUsage=false

import asyncio
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from agent_host.errors import ConflictError, StoreFullError
from agent_host.stores import disk_statement
from agent_host.stores.disk_folder import DATABASE
from agent_host.stores.disk_salvage import salvage
from agent_host.stores.disk_schema import MIGRATIONS, connect, prepare
from agent_host.stores.disk_statement import ManyRows
from agent_host.system import SystemClock
from agent_host.testing.store_fixture import key
from agent_host.types.store import ABSENT, HOLE, Append, Put, Record, SetAsideEntry
from tests.stores.disk_fixture import database, disk_store

_LIFE = timedelta(seconds=1)
VERSION_1 = Path(__file__).with_name("disk_version_1.db")
"""Written by the first release with: Put a=1, Put a=2, Append s=(x, y), all without an end."""

VERSION_2 = Path(__file__).with_name("disk_version_2.db")
"""Written by the second schema's with the same, and b=? that was set aside."""


@pytest.mark.parametrize("sample", [VERSION_1, VERSION_2])
async def test_a_file_of_an_earlier_version_is_read(sample: Path, tmp_path: Path) -> None:
    shutil.copyfile(sample, tmp_path / DATABASE)
    async with disk_store(tmp_path) as store:
        assert await store.get(key("a")) == Record(key("a"), b"2", 2)
        assert (await store.read(key("s"))).entries == (b"x", b"y")
        lease = await store.acquire(key("n"), holder="h", time_to_live=_LIFE)
        assert lease is not None
        assert lease.fence > 1 << 33
        report = await store.inspect()
        assert report.schema_version == len(MIGRATIONS)


async def test_what_an_earlier_version_set_aside_is_put_back(tmp_path: Path) -> None:
    shutil.copyfile(VERSION_2, tmp_path / DATABASE)
    async with disk_store(tmp_path) as store:
        (one,) = await store.quarantined()
        assert (one.key, one.position, one.version) == (key("b"), None, 1)
        assert await store.put_back(one.number)
        assert await store.get(key("b")) == Record(key("b"), b"?", 1)


def test_a_migration_is_done_once_and_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    shutil.copyfile(VERSION_1, path)
    following = (*MIGRATIONS, ("ALTER TABLE records ADD COLUMN colour TEXT DEFAULT 'red'",))
    for _ in range(2):
        disk = connect(path)
        prepare(disk, following)
        assert disk.execute("SELECT value, colour FROM records").fetchall() == [(b"2", "red")]
        assert disk.execute("PRAGMA user_version").fetchone() == (len(following),)
        disk.close()


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    shutil.copyfile(VERSION_1, path)
    disk = connect(path)
    following = (*MIGRATIONS, ("DROP TABLE records", "no such statement"))
    with pytest.raises(sqlite3.OperationalError):
        prepare(disk, following)
    disk.close()
    with database(tmp_path) as disk:
        assert disk.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert disk.execute("SELECT count(*) FROM records").fetchone() == (1,)


def test_statements_over_many_rows_look_keys_up(tmp_path: Path) -> None:
    """A plan that scans a table would be slow in proportion to it, and right in every other way."""
    path = tmp_path / DATABASE
    path.touch()
    disk = connect(path)
    prepare(disk)
    statements = [one for one in vars(disk_statement).values() if isinstance(one, ManyRows)]
    assert len(statements) >= 9
    for statement in statements:
        for size in disk_statement.SIZES:
            text = statement.text(size)
            row = [1] * (text.count("?"))
            for *_, detail in disk.execute(f"EXPLAIN QUERY PLAN {text}", row):
                assert "SCAN records" not in detail, (size, text)
                assert "SCAN streams" not in detail, (size, text)
    disk.close()


@pytest.mark.parametrize(("sample", "aside"), [(VERSION_1, 0), (VERSION_2, 1)])
async def test_a_damaged_file_of_an_earlier_version_is_saved_as_it_is(
    sample: Path, aside: int, tmp_path: Path
) -> None:
    """It may be met before it could be brought up to date."""
    shutil.copyfile(sample, tmp_path / DATABASE)
    salvage(tmp_path, SystemClock().now())
    async with disk_store(tmp_path) as store:
        assert await store.get(key("a")) == Record(key("a"), b"2", 2)
        assert (await store.read(key("s"))).entries == (b"x", b"y")
        assert len(await store.quarantined()) == aside


async def test_an_entry_that_was_set_aside_is_saved_with_its_place(tmp_path: Path) -> None:
    async with disk_store(tmp_path) as store:
        await store.commit([Append(key("s"), (b"x", b"y"))])
        await store.commit([SetAsideEntry(key("s"), 1, b"y", "damaged")])
    salvage(tmp_path, SystemClock().now())
    async with disk_store(tmp_path) as store:
        assert (await store.read(key("s"))).entries == (b"x", HOLE)
        (one,) = await store.quarantined()
        assert await store.put_back(one.number)
        assert (await store.read(key("s"))).entries == (b"x", b"y")


async def test_a_stream_that_is_full_takes_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_host.stores.disk_group.POSITION_LIMIT", 3)
    async with disk_store(tmp_path) as store:
        await store.commit([Append(key("s"), (b"1", b"2"))])
        with pytest.raises(StoreFullError, match="at most 3 entries"):
            await store.commit([Append(key("s"), (b"3", b"4"))])
        assert await store.commit([Append(key("s"), (b"3",))]) == (3,)


async def test_what_was_not_new_after_all_is_found_out(tmp_path: Path) -> None:
    async with disk_store(tmp_path) as store:
        await store.commit([Put(key("a"), b"1"), Append(key("s"), (b"1",))])
    async with disk_store(tmp_path) as store:  # which remembers neither
        commits = [
            store.commit([Put(key("new"), b"2", expect=ABSENT)]),
            store.commit([Put(key("a"), b"2", expect=ABSENT)]),
            store.commit([Append(key("s"), (b"2",), expect=0)]),
        ]
        new, record, stream = await asyncio.gather(*commits, return_exceptions=True)
        assert new == (1,)
        assert isinstance(record, ConflictError)
        assert isinstance(stream, ConflictError)
        assert await store.get(key("a")) == Record(key("a"), b"1", 1)
        assert (await store.read(key("s"))).entries == (b"1",)
