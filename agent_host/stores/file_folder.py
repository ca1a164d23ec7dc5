"""The folder of the file cache: private, of our making, and put right before it is opened.

All that is in it is a cache, so what cannot be read is thrown away: our own files, nothing else.
"""

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from agent_host.errors import ConfigurationError
from agent_host.private_folder import MODE, make_folder
from agent_host.stores.raw_disk import FILE_NAME

DATABASE: Final = "cache.db"

_DATABASE_FILES: Final = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", f"{DATABASE}-journal")
_COUNTERS: Final = ("count", "size", "hits", "misses")
_YOUNG_SECONDS: Final = 3600.0
"""A file without a row may be on its way into one, for so long at most."""

_LOG: Final = logging.getLogger(__name__)


def check_name(folder: Path) -> None:
    """Refuse a name that means something to diskcache.

    Raises:
        ConfigurationError: it does.
    """
    if any(mark in str(folder) for mark in "$%"):
        message = f"files.folder cannot have $ or % in its name: {folder}."
        raise ConfigurationError(message)


def make_private(folder: Path) -> None:
    """Make the folder, for its owner only.

    Raises:
        ConfigurationError: it cannot be made, or its name means something to diskcache.
    """
    check_name(folder)
    try:
        make_folder(folder)
        folder.chmod(MODE)
        database = folder / DATABASE
        # SQLite gives its other files the permissions of this one.
        os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        database.chmod(0o600)
    except OSError as error:
        message = f"The folder for files cannot be used; set files.folder to another ({folder})."
        raise ConfigurationError(message) from error


def put_right(folder: Path) -> None:
    """Drop what diskcache would read from its table of settings, count anew what is there, and
    remove files that no row names.

    Raises:
        sqlite3.Error: the database is no cache, or damaged.
    """
    # sqlite3's own block commits and does not close.
    with closing(sqlite3.connect(folder / DATABASE, timeout=5)) as database, database:
        database.execute("PRAGMA trusted_schema = OFF")
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        if not tables:
            return
        marks = ", ".join("?" * len(_COUNTERS))
        database.execute(f"DELETE FROM Settings WHERE key NOT IN ({marks})", _COUNTERS)  # noqa: S608
        database.execute(
            "UPDATE Settings SET value = (SELECT COUNT(*) FROM Cache) WHERE key = 'count'"
        )
        database.execute("UPDATE Cache SET size = 0 WHERE typeof(size) != 'integer' OR size < 0")
        database.execute(
            "UPDATE Settings SET value = (SELECT COALESCE(SUM(size), 0) FROM Cache) "
            "WHERE key = 'size'"
        )
        named = {name for (name,) in database.execute("SELECT filename FROM Cache")}
    _sweep(folder, named)


def list_keys(folder: Path, prefix: str, *, after: str | None, limit: int) -> list[str]:
    """Keys that begin with `prefix`, by what follows it, behind `after`.

    Raises:
        sqlite3.Error: the database cannot be read.
    """
    # Nothing that follows the prefix in a key of ours is beyond ASCII.
    least = prefix if after is None else prefix + after
    with closing(sqlite3.connect(folder / DATABASE, timeout=5)) as database:
        rows = database.execute(
            "SELECT key FROM Cache WHERE typeof(key) = 'text' AND key > ? AND key < ? AND raw = 1 "
            "ORDER BY key LIMIT ?",
            (least, f"{prefix}\x7f", limit),
        )
        return [key for (key,) in rows]


def rewrite(folder: Path) -> None:
    """Write the database anew, so that nothing is left in it of rows that are gone.

    Raises:
        sqlite3.Error: it cannot be written.
    """
    with closing(sqlite3.connect(folder / DATABASE, timeout=5, isolation_level=None)) as database:
        database.execute("VACUUM")
        (busy, *_) = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            message = "the log is in use"
            raise sqlite3.OperationalError(message)


def clear(folder: Path) -> None:
    """Remove every file of the cache."""
    _LOG.warning("the file cache cannot be read and begins anew: its files are gone")
    for name in _DATABASE_FILES:
        (folder / name).unlink(missing_ok=True)
    for place in _values(folder):
        place.unlink(missing_ok=True)


def _sweep(folder: Path, named: set[object]) -> None:
    before = time.time() - _YOUNG_SECONDS
    for place in _values(folder):
        if place.relative_to(folder).as_posix() in named:
            continue
        if place.lstat().st_mtime < before:
            place.unlink(missing_ok=True)


def _values(folder: Path) -> Iterator[Path]:
    for shard in folder.glob("[0-9a-f][0-9a-f]"):
        if shard.is_symlink() or not shard.is_dir():
            continue
        for place in shard.glob("*.val"):
            if FILE_NAME.fullmatch(place.relative_to(folder).as_posix()):
                yield place


__all__ = [
    "DATABASE",
    "check_name",
    "clear",
    "list_keys",
    "make_private",
    "put_right",
    "rewrite",
]
