"""The folder of the file cache: what an intruder plants there is neither run nor obeyed."""

import base64
import os
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Final

import pytest

from agent_host.errors import ConfigurationError, StoreUnavailableError
from agent_host.stores.disk_file import DiskFileStore
from agent_host.stores.raw_disk import MODE_BINARY, MODE_RAW, RawDisk
from agent_host.testing.file_store_suite import ALICE, content

SMALL: Final = content(b"small")
LARGE: Final = content(b"large" * 10_000)
# What `pickle.dumps` makes of an object that calls `open("executed", "w")` when it is loaded.
HOSTILE: Final = base64.b64decode(b"Y2J1aWx0aW5zCm9wZW4KKFMnZXhlY3V0ZWQnClMndycKdFIu")


@asynccontextmanager
async def opened(folder: Path, **options: Any) -> AsyncGenerator[DiskFileStore]:
    async with DiskFileStore(folder, **options) as store:
        yield store


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache's folder, beside the working directory of this test."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "files"


def was_executed() -> bool:
    return Path("executed").exists()


def tamper(folder: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(folder / "cache.db")) as database, database:
        database.execute(statement, values)


def modes(folder: Path) -> list[tuple[bool, int]]:
    """Of everything there: whether it is a folder, and its permissions."""
    places = (folder, *folder.rglob("*"))
    return [(place.is_dir(), place.stat().st_mode & 0o777) for place in places]


def make_public(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    (folder / "cache.db").touch(mode=0o644)


def value_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*.val"))


def test_the_planted_row_would_execute_elsewhere(folder: Path) -> None:
    """The test below proves something: diskcache's own disk runs what it plants."""
    from diskcache import Disk  # type: ignore[import-untyped] # noqa: PLC0415

    disk: Any = Disk(str(folder))
    disk.fetch(4, None, HOSTILE, False).close()
    assert was_executed()


@pytest.mark.parametrize("file", [SMALL, LARGE], ids=["row", "file"])
@pytest.mark.parametrize("mode", [0, 1, 2, 3, 4, 5, -1, "4", None, b"4"])
@pytest.mark.parametrize("value", [HOSTILE, HOSTILE.decode(), None, 1, 1.5])
async def test_a_planted_row_is_not_executed_and_reads_as_missing(
    folder: Path, file: Any, mode: object, value: object
) -> None:
    async with opened(folder) as store:
        file_id = await store.put(ALICE, file)
        for place in value_files(folder):
            place.write_bytes(HOSTILE)
        tamper(folder, "UPDATE Cache SET mode = ?, value = ?", mode, value)
        assert await store.get(ALICE, file_id) is None
        assert await store.open(ALICE, file_id) is None
    async with opened(folder) as store:
        assert await store.get(ALICE, file_id) is None
        assert await store.get(ALICE, await store.put(ALICE, file)) == file
    assert not was_executed()


@pytest.mark.parametrize("raw", [0, 1, 2, None, "x"])
@pytest.mark.parametrize("key", [HOSTILE, HOSTILE.decode(), 1, None])
async def test_a_planted_key_is_not_executed(folder: Path, key: object, raw: object) -> None:
    async with opened(folder) as store:
        file_id = await store.put(ALICE, SMALL)
        tamper(folder, "UPDATE Cache SET key = ?, raw = ?", key, raw)
        assert await store.get(ALICE, file_id) is None
    async with opened(folder, limit_bytes=40_000) as store:
        for number in range(5):
            await store.put(ALICE, content(bytes(10_000) + bytes([number])))
    assert not was_executed()


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "/etc/passwd",
        "../files/cache.db",
        "cache.db",
        "",
        "a\0b",
        b"x",
        1,
        "aa/../../outside",
    ],
)
async def test_a_row_cannot_name_a_file_elsewhere(folder: Path, name: object) -> None:
    outside = folder.parent / "outside"
    outside.write_bytes(LARGE.data)
    async with opened(folder) as store:
        file_id = await store.put(ALICE, LARGE)
        tamper(folder, "UPDATE Cache SET filename = ?", name)
        assert await store.get(ALICE, file_id) is None
        await store.delete(ALICE, file_id)
    assert outside.read_bytes() == LARGE.data
    assert (folder / "cache.db").exists()


async def test_a_link_in_the_place_of_a_file_is_not_followed(folder: Path) -> None:
    outside = folder.parent / "outside"
    outside.write_bytes(LARGE.data)
    async with opened(folder) as store:
        file_id = await store.put(ALICE, LARGE)
        (place,) = value_files(folder)
        place.unlink()
        place.symlink_to(outside)
        assert await store.get(ALICE, file_id) is None
        await store.delete(ALICE, file_id)
        shard = place.parent
        file_id = await store.put(ALICE, LARGE)
        (place,) = [found for found in value_files(folder) if not found.is_symlink()]
        moved = folder.parent / "moved"
        place.parent.rename(moved)
        shard = place.parent
        shard.symlink_to(moved)
        assert await store.get(ALICE, file_id) is None
    assert outside.exists()


@pytest.mark.parametrize("file", [SMALL, LARGE], ids=["row", "file"])
@pytest.mark.parametrize(
    "tag", [None, "", "[]", "[2]", '[1, "a/b", null, "1"]', HOSTILE, "[" * 9000]
)
async def test_a_label_that_is_none_makes_the_file_missing(
    folder: Path, file: Any, tag: object
) -> None:
    async with opened(folder) as store:
        file_id = await store.put(ALICE, file)
        tamper(folder, "UPDATE Cache SET tag = ?", tag)
        assert await store.open(ALICE, file_id) is None
        assert await store.get(ALICE, file_id) is None
    assert not was_executed()


async def test_bytes_that_are_not_what_their_id_says_are_not_given_out(folder: Path) -> None:
    async with opened(folder) as store:
        small, large = await store.put(ALICE, SMALL), await store.put(ALICE, LARGE)
        tamper(folder, "UPDATE Cache SET value = ? WHERE filename IS NULL", b"other")
        (place,) = value_files(folder)
        place.write_bytes(bytes(len(LARGE.data)))
        assert await store.get(ALICE, small) is None
        assert await store.get(ALICE, large) is None
        large = await store.put(ALICE, LARGE)
        (place,) = value_files(folder)
        os.truncate(place, 10)
        assert await store.open(ALICE, large) is None


SETTINGS = [
    ("eviction_policy", "none"),
    ("size_limit", 2**60),
    ("cull_limit", 0),
    ("disk_min_file_size", 2**40),
    ("disk_pickle_protocol", "x"),
    ("disk_unheard_of", 1),
    ("disk", "diskcache.Disk"),
    ("_disk", HOSTILE),
    ("get", "planted"),
    ("set", 1),
    ("close", HOSTILE),
    ("statistics", 1),
    ("tag_index", 1),
    ("sqlite_journal_mode", "off"),
    ("sqlite_writable_schema", 1),
    ("sqlite_user_version = 7; --", 7),
    ("size", -(2**60)),
    ("size", "x"),
    ("count", HOSTILE),
    ("hits", "x"),
]


@pytest.mark.parametrize(("key", "value"), SETTINGS)
async def test_planted_settings_change_nothing(folder: Path, key: str, value: object) -> None:
    async with opened(folder, limit_bytes=400_000) as store:
        await store.put(ALICE, LARGE)
    tamper(folder, "INSERT OR REPLACE INTO Settings VALUES (?, ?)", key, value)
    async with opened(folder, limit_bytes=400_000) as store:
        for number in range(20):
            file = content(bytes([number]) * 50_000)
            assert await store.get(ALICE, await store.put(ALICE, file)) == file
    assert sum(place.stat().st_size for place in value_files(folder)) <= 400_000
    assert not was_executed()
    with closing(sqlite3.connect(folder / "cache.db")) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (0,)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no database": lambda folder: (folder / "cache.db").write_bytes(b"no database" * 1000),
    "no settings": lambda folder: tamper(folder, "DROP TABLE Settings"),
    "no rows": lambda folder: tamper(folder, "DROP TABLE Cache"),
    "a stranger's table": lambda folder: tamper(folder, "CREATE TABLE Other (a)"),
    "nothing": lambda folder: (folder / "cache.db").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_folder_begins_anew(folder: Path, damage: str) -> None:
    async with opened(folder) as store:
        file_id = await store.put(ALICE, LARGE)
    stranger = folder / "notes.txt"
    stranger.write_text("mine")
    DAMAGES[damage](folder)
    async with opened(folder) as store:
        assert await store.get(ALICE, file_id) in (None, LARGE)
        assert await store.get(ALICE, await store.put(ALICE, LARGE)) == LARGE
    assert stranger.read_text() == "mine"


async def test_files_survive_a_restart_and_are_nobody_elses_to_read(folder: Path) -> None:
    async with opened(folder) as store:
        kept = [await store.put(ALICE, file) for file in (SMALL, LARGE)]
        assert {mode for is_folder, mode in modes(folder) if is_folder} == {0o700}
        assert {mode for is_folder, mode in modes(folder) if not is_folder} == {0o600}
    async with opened(folder) as store:
        assert [await store.get(ALICE, file_id) for file_id in kept] == [SMALL, LARGE]


async def test_an_open_folder_is_closed_to_others(folder: Path) -> None:
    make_public(folder)
    async with opened(folder):
        assert {mode for _, mode in modes(folder)} == {0o700, 0o600}


async def test_files_that_no_row_names_are_swept_once_they_are_old(folder: Path) -> None:
    async with opened(folder) as store:
        file_id = await store.put(ALICE, LARGE)
    (place,) = value_files(folder)
    old, young = place.with_name("0" * 30 + ".val"), place.with_name("1" * 30 + ".val")
    for orphan in (old, young):
        orphan.write_bytes(b"x")
    os.utime(old, (0, 0))
    os.utime(place, (0, 0))
    async with opened(folder) as store:
        assert await store.get(ALICE, file_id) == LARGE
    assert (old.exists(), young.exists()) == (False, True)


async def test_a_folder_that_cannot_be_is_refused_by_the_name_of_its_setting(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file" / "files", tmp_path / "$HOME"):
        with pytest.raises(ConfigurationError, match=r"files\.folder"):
            async with opened(folder):
                pass


async def test_a_folder_that_is_gone_fails_the_write_and_not_the_reading(folder: Path) -> None:
    async with opened(folder) as store:
        file_id = await store.put(ALICE, LARGE)
        tamper(folder, "DROP TABLE Cache")
        with pytest.raises(StoreUnavailableError, match=r"files\.folder"):
            await store.put(ALICE, SMALL)
        with pytest.raises(StoreUnavailableError, match=r"files\.folder"):
            await store.delete(ALICE, file_id)
        assert await store.get(ALICE, file_id) is None


def test_the_disk_takes_bytes_under_text_and_nothing_else(tmp_path: Path) -> None:
    disk = RawDisk(str(tmp_path))
    for key in (b"a", 1, None, ("a",)):
        with pytest.raises(TypeError):
            disk.put(key)
        with pytest.raises(OSError, match="no text"):
            disk.get(key, True)
    values: list[Any] = ["text", 1, None, bytearray(b"a"), {}]
    for value in values:
        with pytest.raises(TypeError):
            disk.store(value, False)
    size, mode, name, _ = disk.store(b"abc", False)
    assert (size, mode) == (3, MODE_BINARY)
    assert disk.fetch(mode, name, None, False) == b"abc"
    assert disk.fetch(MODE_RAW, None, b"abc", False) == b"abc"
    assert disk.get("a", 1) == "a"
    assert disk.hash("a") == disk.hash("a")
