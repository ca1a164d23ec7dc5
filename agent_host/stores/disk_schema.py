"""The tables of the disk store, how they came to be, and how a connection to them is set up.

A release that needs other tables appends to `MIGRATIONS`; what is there is never edited, since
files written by it exist. The version is in the file (`PRAGMA user_version`).
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agent_host.errors import ConfigurationError

APPLICATION_ID: Final = 0x61676873
"""Says in the file's header that it is ours."""

PAGE_BYTES: Final = 4096
_BUSY_SECONDS: Final = 5.0
_CACHED_STATEMENTS: Final = 512
_CACHE_KIBIBYTES: Final = 16 * 1024

_FIRST: Final = (
    """CREATE TABLE records (
        collection TEXT NOT NULL,
        partition TEXT NOT NULL,
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        expires_at INTEGER,
        value BLOB NOT NULL,
        PRIMARY KEY (collection, partition, id)
    ) WITHOUT ROWID""",
    "CREATE INDEX records_by_end ON records (expires_at) WHERE expires_at IS NOT NULL",
    # A stream's entries are found by its number, which is never used again, so that a deleted
    # stream is gone at once however long it was; `garbage` names those whose entries are to go.
    """CREATE TABLE streams (
        collection TEXT NOT NULL,
        partition TEXT NOT NULL,
        id TEXT NOT NULL,
        number INTEGER NOT NULL,
        length INTEGER NOT NULL,
        expires_at INTEGER,
        PRIMARY KEY (collection, partition, id)
    ) WITHOUT ROWID""",
    "CREATE INDEX streams_by_end ON streams (expires_at) WHERE expires_at IS NOT NULL",
    """CREATE TABLE entries (
        stream INTEGER NOT NULL,
        position INTEGER NOT NULL,
        entry BLOB NOT NULL,
        PRIMARY KEY (stream, position)
    ) WITHOUT ROWID""",
    "CREATE TABLE garbage (stream INTEGER PRIMARY KEY)",
    # What could not be made sense of, out of the way of those who read, for a person to look at.
    """CREATE TABLE quarantine (
        number INTEGER PRIMARY KEY,
        collection TEXT NOT NULL,
        partition TEXT NOT NULL,
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        value BLOB NOT NULL,
        code TEXT NOT NULL,
        since INTEGER NOT NULL
    )""",
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
)

# Rows of half a kilobyte make a deep tree where the key is the tree: a commit changed twenty pages.
# Here what is new goes to a table's end, and what is sorted by key, or by end, is small.
_SECOND: Final = (
    "DROP INDEX records_by_end",
    "ALTER TABLE records RENAME TO records_1",
    """CREATE TABLE records (
        number INTEGER PRIMARY KEY,
        collection TEXT NOT NULL,
        partition TEXT NOT NULL,
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        expires_at INTEGER,
        value BLOB NOT NULL,
        UNIQUE (collection, partition, id)
    )""",
    """INSERT INTO records (collection, partition, id, version, expires_at, value)
        SELECT collection, partition, id, version, expires_at, value FROM records_1""",
    "DROP TABLE records_1",
    "CREATE INDEX records_by_end ON records (expires_at) WHERE expires_at IS NOT NULL",
    "DROP INDEX streams_by_end",
    "ALTER TABLE streams RENAME TO streams_1",
    """CREATE TABLE streams (
        number INTEGER PRIMARY KEY,
        collection TEXT NOT NULL,
        partition TEXT NOT NULL,
        id TEXT NOT NULL,
        length INTEGER NOT NULL,
        expires_at INTEGER,
        UNIQUE (collection, partition, id)
    )""",
    """INSERT INTO streams (number, collection, partition, id, length, expires_at)
        SELECT number, collection, partition, id, length, expires_at FROM streams_1""",
    "DROP TABLE streams_1",
    "CREATE INDEX streams_by_end ON streams (expires_at) WHERE expires_at IS NOT NULL",
    # `place` is `stream << 24 | position`, see `disk_entry`.
    "ALTER TABLE entries RENAME TO entries_1",
    "CREATE TABLE entries (place INTEGER PRIMARY KEY, entry BLOB NOT NULL)",
    "INSERT INTO entries (place, entry) SELECT stream << 24 | position, entry FROM entries_1",
    "DROP TABLE entries_1",
    # What is set aside ends when it would have ended.
    "ALTER TABLE quarantine ADD COLUMN expires_at INTEGER",
    "CREATE INDEX quarantine_by_end ON quarantine (expires_at) WHERE expires_at IS NOT NULL",
)

# What is set aside may be an entry, which has a place and goes with its stream; a record has none.
_THIRD: Final = (
    "ALTER TABLE quarantine ADD COLUMN place INTEGER",
    "CREATE INDEX quarantine_by_place ON quarantine (place) WHERE place IS NOT NULL",
)

MIGRATIONS: Final[Sequence[Sequence[str]]] = (_FIRST, _SECOND, _THIRD)
"""The statements that lead from each version to the next; the first make version 1 of nothing."""


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection in autocommit, to be used by one thread at a time. It keeps nothing open yet."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_CACHED_STATEMENTS,
    )
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def prepare(
    connection: sqlite3.Connection, migrations: Sequence[Sequence[str]] = MIGRATIONS
) -> None:
    """Bring the file to the newest version, in one step per version, and set up durability.

    Raises:
        ConfigurationError: it is another program's, or of a newer release. Nothing was changed.
    """
    version = _checked_version(connection, len(migrations))
    if version == 0:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")  # the writer says when
    for number, statements in enumerate(migrations[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _checked_version(connection: sqlite3.Connection, newest: int) -> int:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != APPLICATION_ID:
        raise ConfigurationError(
            "The file state.db in the store's folder is another program's database. "
            "Set store to another folder: disk:///path/to/a/folder"
        )
    found: int = version
    if found > newest:
        raise ConfigurationError(
            f"The store's folder was written by a newer release (its schema has version {found}, "
            f"this release knows {newest}). Install that release again, or set store to another "
            "folder; nothing was changed."
        )
    return found


__all__ = ["APPLICATION_ID", "MIGRATIONS", "PAGE_BYTES", "connect", "prepare"]
