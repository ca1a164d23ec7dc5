"""Records that could not be made sense of: out of the way of those who read, and kept.

They are numbered, listed without their bytes, put back, and discarded. What had a time to live when
it was set aside ends here when it would have ended there.
"""

from datetime import UTC, datetime
from sqlite3 import Connection
from typing import Final, NamedTuple

from agent_host.stores.disk_cache import NEVER, RecordState
from agent_host.stores.disk_time import SECOND
from agent_host.types.store import Key, Record

_LISTED: Final = (
    "SELECT number, collection, partition, id, version, length(value), code, since FROM quarantine"
)


class Aside(NamedTuple):
    """A record that is to be set aside, as it is before, and why. If `state` has no record, it is
    on disk as the group found it.
    """

    key: Key
    state: RecordState
    code: str


class QuarantinedRecord(NamedTuple):
    """What was set aside. `code` says why, `since` when; the value itself stays on disk."""

    number: int
    key: Key
    version: int
    size_bytes: int
    code: str
    since: datetime


def put_aside(connection: Connection, aside: Aside, *, now: int) -> None:
    """Keep the record, within a transaction that deletes it after this."""
    key, state, code = aside
    end = None if state.expires_at == NEVER else state.expires_at
    value = None if state.record is None else state.record.value
    connection.execute(
        "INSERT INTO quarantine"
        " (collection, partition, id, version, code, since, expires_at, value)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, coalesce(?, (SELECT value FROM records"
        " WHERE collection = ? AND partition = ? AND id = ?)))",
        (*key, state.version, code, now, end, value, *key),
    )


def list_quarantined(connection: Connection, *, after: int, limit: int) -> list[QuarantinedRecord]:
    """What was set aside, oldest first, behind this number."""
    rows = connection.execute(
        f"{_LISTED} WHERE number > ? ORDER BY number LIMIT ?", (after, limit)
    ).fetchall()
    return [
        QuarantinedRecord(
            number, Key(*key), version, size, code, datetime.fromtimestamp(since / SECOND, UTC)
        )
        for number, *key, version, size, code, since in rows
    ]


def find_quarantined(connection: Connection, number: int) -> Record | None:
    """The record of this number, with its bytes as they were."""
    row = connection.execute(
        "SELECT collection, partition, id, value, version FROM quarantine WHERE number = ?",
        (number,),
    ).fetchone()
    return None if row is None else Record(Key(*row[:3]), row[3], row[4])


def put_back(connection: Connection, number: int, *, now: int) -> bool:
    """Move the record to where it was, in one step; False if another is there by now, or if there
    is none of this number.
    """
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        "DELETE FROM records WHERE expires_at <= ? AND (collection, partition, id) ="
        " (SELECT collection, partition, id FROM quarantine WHERE number = ?)",
        (now, number),
    )
    moved = connection.execute(
        "INSERT OR IGNORE INTO records (collection, partition, id, version, expires_at, value)"
        " SELECT collection, partition, id, version, expires_at, value FROM quarantine"
        " WHERE number = ?",
        (number,),
    ).rowcount
    if moved > 0:
        discard(connection, number)
    connection.execute("COMMIT")
    return moved > 0


def discard(connection: Connection, number: int) -> bool:
    """Delete the record of this number for good; whether there was one."""
    return connection.execute("DELETE FROM quarantine WHERE number = ?", (number,)).rowcount > 0


__all__ = [
    "Aside",
    "QuarantinedRecord",
    "discard",
    "find_quarantined",
    "list_quarantined",
    "put_aside",
    "put_back",
]
