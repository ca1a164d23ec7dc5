"""The disk store when the disk is full, read-only, damaged, foreign, from the future, or taken."""

# What a user of the store would not see is looked at here: its memory, its writer.
# pyright: reportPrivateUsage=false

import asyncio
import json
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_host.errors import ConfigurationError, StoreFullError, StoreUnavailableError
from agent_host.stores.disk import DiskStateStore
from agent_host.stores.disk_folder import DATABASE, LOCK, QUARANTINE
from agent_host.stores.disk_report import read_report
from agent_host.stores.disk_schema import MIGRATIONS, PAGE_BYTES
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_fixture import SECOND, key, with_time
from agent_host.types.store import Append, Delete, Put, Record
from tests.stores.disk_fixture import NO_WAIT, database, disk_store, gathered

ROOT = Path(__file__).parents[2]


async def test_a_full_disk_refuses_and_goes_on_once_there_is_space(tmp_path: Path) -> None:
    store = DiskStateStore(tmp_path, clock=ManualClock(), limit_bytes=60 * PAGE_BYTES)
    async with store:
        kept = 0
        try:
            while kept < 1000:
                await store.commit([Put(key(f"{kept}"), b"x" * 5000), Append(key("s"), (b"",))])
                kept += 1
        except StoreFullError:
            pass
        assert 5 < kept < 1000

        assert (await store.read(key("s"))).length == kept
        assert len(await store.scan("c", "p")) == kept
        assert await store.get(key(f"{kept}")) is None
        # What fits is still taken, in the same group as what does not.
        outcome = await gathered(
            asyncio.create_task(store.commit([Put(key("huge"), b"x" * 1_000_000)])),
            asyncio.create_task(store.commit([Delete(key("0")), Delete(key("1"))])),
        )
        assert isinstance(outcome[0], StoreFullError)
        assert outcome[1] == (0, 0)
        assert await store.commit([Put(key("new"), b"x" * 5000)]) == (1,)
        await store.check()
    async with disk_store(tmp_path) as store:
        assert len(await store.scan("c", "p")) == kept - 1
        assert (await store.read(key("s"))).length == kept


async def test_a_read_only_disk_refuses_and_still_reads(tmp_path: Path) -> None:
    async with disk_store(tmp_path) as store:
        await store.commit([Put(key("a"), b"1")])
        await store._write(lambda disk: disk.execute("PRAGMA query_only = ON"))
        with pytest.raises(StoreUnavailableError, match="read-only"):
            await store.commit([Put(key("a"), b"2")])
        store._writer.committed_at = 0.0
        with pytest.raises(StoreUnavailableError, match="read-only"):
            await store.check()
        assert await store.get(key("a")) == Record(key("a"), b"1", 1)
        await store._write(lambda disk: disk.execute("PRAGMA query_only = OFF"))
        await store.check()
        assert await store.commit([Put(key("a"), b"2")]) == (2,)


async def test_a_commit_that_returned_has_reached_the_disk(tmp_path: Path) -> None:
    """No test can cut the power, so the modes of SQLite that bear it are looked at."""
    async with disk_store(tmp_path) as store:
        synchronous = await store._write(lambda disk: disk.execute("PRAGMA synchronous").fetchone())
        journal = await store._write(lambda disk: disk.execute("PRAGMA journal_mode").fetchone())
    assert (synchronous, journal) == ((2,), ("wal",))


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_file_that_is_removed_or_replaced_while_it_is_open_takes_nothing_more(
    tmp_path: Path, *, replaced: bool
) -> None:
    async with disk_store(tmp_path) as store:
        await store.commit([Put(key("a"), b"1")])
        kept = tmp_path / DATABASE
        content = kept.read_bytes()
        kept.unlink()
        if replaced:
            kept.write_bytes(content)

        async def go_on() -> None:
            while True:  # the file is looked at now and then
                await store.commit([Put(key("a"), b"2")])

        with pytest.raises(StoreUnavailableError, match="removed"):
            await go_on()
        store._writer.committed_at = 0.0
        with pytest.raises(StoreUnavailableError, match="removed"):
            await store.check()


_LIMITED = """
import asyncio, resource, sys
from agent_host.errors import StoreUnavailableError
from agent_host.stores.disk import DiskStateStore
from agent_host.types.store import Key, Put

async def main():
    async with DiskStateStore(sys.argv[1]) as store:
        await store.commit([Put(Key("c", "p", "a"), b"1")])
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
        try:
            await store.commit([Put(Key("c", "p", "a"), b"x" * 1_000_000)])
        except StoreUnavailableError as error:
            print(error)
        await store.commit([Put(Key("c", "p", "b"), b"1")])
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        await store.commit([Put(Key("c", "p", "c"), b"x" * 1_000_000)])
        print([one.version for one in await store.scan("c", "p")])

asyncio.run(main())
"""


async def test_a_write_that_the_system_refuses_leaves_nothing(tmp_path: Path) -> None:
    """A real refusal in mid-write, by a limit on the size of files."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _LIMITED, str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    said, _ = await process.communicate()
    assert said.decode().splitlines() == [
        "The disk did not do what was asked of it (SQLITE_IOERR_WRITE).",
        "[1, 1, 1]",
    ]
    async with disk_store(tmp_path) as store:
        assert await store.get(key("a")) == Record(key("a"), b"1", 1)


async def _filled(folder: Path) -> None:
    async with disk_store(folder) as store:
        for number in range(200):
            name = key(f"{number:03}")
            await store.commit([Put(name, name.id.encode() * 100), Append(name, (b"1", b"2"))])


def _overwrite(folder: Path, page: int, count: int = 1) -> None:
    with (folder / DATABASE).open("r+b") as file:
        file.seek(page * PAGE_BYTES)
        file.write(b"\xa5" * PAGE_BYTES * count)


def _leaf_page(folder: Path) -> int:
    """A page in the middle of the records."""
    with database(folder) as disk:
        found = disk.execute(
            "SELECT pageno FROM dbstat WHERE name = 'records' AND pagetype = 'leaf'"
            " ORDER BY path LIMIT 1 OFFSET 5"
        ).fetchone()
    number: int = found[0]
    return number - 1


def _page_of_records(folder: Path) -> int:
    try:
        return _leaf_page(folder)
    except sqlite3.OperationalError:  # SQLite may be built without dbstat: look for the text
        text = (folder / DATABASE).read_bytes()
        return text.index(b"100" * 100) // PAGE_BYTES


async def test_a_damaged_page_costs_what_was_on_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await _filled(tmp_path)
    _overwrite(tmp_path, _page_of_records(tmp_path))
    damaged = (tmp_path / DATABASE).read_bytes()
    async with disk_store(tmp_path) as store:
        found = await store.scan("c", "p", limit=1000)
        assert 150 < len(found) < 200
        assert all(record.value == record.key.id.encode() * 100 for record in found)
        assert (await store.read(key("000"))).entries == (b"1", b"2")
        assert (await store.read(key("199"))).entries == (b"1", b"2")
        await store.commit([Put(key("new"), b"")])
        report = await store.inspect()
        assert (report.set_aside, report.problems) == (1, ())
    (aside,) = (tmp_path / QUARANTINE).iterdir()
    assert (aside / DATABASE).read_bytes() == damaged
    assert f"{len(found)} records, 200 streams, 400 entries" in caplog.text
    async with disk_store(tmp_path) as store:
        assert len(await store.scan("c", "p", limit=1000)) == len(found) + 1


def _destroy_header(folder: Path) -> None:
    _overwrite(folder, 0)


def _destroy_all(folder: Path) -> None:
    (folder / DATABASE).write_bytes(os.urandom(100_000))


def _cut_off(folder: Path) -> None:
    os.truncate(folder / DATABASE, 3 * PAGE_BYTES)


@pytest.mark.parametrize("destroy", [_destroy_header, _destroy_all, _cut_off])
async def test_a_destroyed_file_is_set_aside_whole(
    tmp_path: Path, destroy: Callable[[Path], None]
) -> None:
    await _filled(tmp_path)
    destroy(tmp_path)
    destroyed = (tmp_path / DATABASE).read_bytes()
    async with disk_store(tmp_path) as store:
        assert await store.commit([Put(key("new"), b"")]) == (1,)
        assert await store.get(key("new")) is not None
    (aside,) = (tmp_path / QUARANTINE).iterdir()
    assert (aside / DATABASE).read_bytes() == destroyed
    assert aside.stat().st_mode & 0o777 == 0o700


async def test_damage_that_is_met_while_running_is_mended_by_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database too large to be checked at every start says so when its damage is met."""
    monkeypatch.setattr("agent_host.stores.disk_open.CHECKED_BYTES", 0)
    await _filled(tmp_path)
    _overwrite(tmp_path, _page_of_records(tmp_path))
    async with disk_store(tmp_path) as store:
        with pytest.raises(StoreUnavailableError, match="Restart"):
            await store.scan("c", "p", limit=1000)
        assert (await store.inspect()).problems
        assert (await store.read(key("000"))).entries == (b"1", b"2")
    async with disk_store(tmp_path) as store:
        assert len(await store.scan("c", "p", limit=1000)) > 150
        assert (await store.inspect()).set_aside == 1


async def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    await _filled(tmp_path)
    with database(tmp_path) as disk:
        disk.execute("PRAGMA user_version = 7")
    before = (tmp_path / DATABASE).read_bytes()
    with pytest.raises(ConfigurationError, match="version 7"):
        async with disk_store(tmp_path):
            pass
    assert (tmp_path / DATABASE).read_bytes() == before
    with database(tmp_path) as disk:
        disk.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    async with disk_store(tmp_path) as store:
        assert await store.get(key("000")) is not None


async def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    with database(tmp_path) as disk:
        disk.execute("CREATE TABLE records (x)")
    with pytest.raises(ConfigurationError, match="another program"):
        async with disk_store(tmp_path):
            pass
    with pytest.raises(StoreUnavailableError, match="another program"):
        read_report(tmp_path)


async def test_a_folder_has_one_owner(tmp_path: Path) -> None:
    async with disk_store(tmp_path) as store:
        with pytest.raises(ConfigurationError, match=rf"process {os.getpid()} on .* since 2026"):
            async with disk_store(tmp_path):
                pass
        await store.commit([Put(key("a"), b"")])
        assert read_report(tmp_path).records == {"c": 1}  # looking is free
    async with disk_store(tmp_path) as store:
        assert await store.get(key("a")) is not None


async def test_the_next_process_waits_for_the_former_to_leave(tmp_path: Path) -> None:
    clock = ManualClock()
    former = disk_store(tmp_path, clock)
    await former.__aenter__()
    following = DiskStateStore(tmp_path, clock=clock, lock_wait=10 * SECOND)
    entering = asyncio.create_task(following.__aenter__())
    await clock.until_sleeping()
    await former.__aexit__(None, None, None)
    await with_time(entering, clock)
    await following.__aexit__(None, None, None)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff" * 9999])
async def test_a_holder_that_cannot_be_named_still_holds(tmp_path: Path, text: bytes) -> None:
    async with disk_store(tmp_path):
        (tmp_path / LOCK).write_bytes(text)
        with pytest.raises(ConfigurationError, match="another process"):
            async with disk_store(tmp_path):
                pass


async def test_a_stale_lock_file_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text(json.dumps({"pid": 1, "host": "x", "since": "2020"}))
    async with DiskStateStore(tmp_path, lock_wait=NO_WAIT) as store:
        await store.check()


async def test_an_error_of_the_threads_own_refuses_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with disk_store(tmp_path) as store:
        await store.commit([Put(key("a"), b"1")])
        monkeypatch.setattr(store._writer, "_commit", None)
        for _ in range(2):
            with pytest.raises(StoreUnavailableError, match="restart"):
                await store.commit([Put(key("a"), b"2")])
        assert await store.get(key("a")) == Record(key("a"), b"1", 1)
