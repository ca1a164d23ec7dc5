"""Records that could not be made sense of: out of the way of those who read, and kept."""

from datetime import UTC, datetime
from sqlite3 import Connection
from typing import NamedTuple

from agent_host.stores.disk_time import SECOND
from agent_host.types.store import Key


class QuarantinedRecord(NamedTuple):
    """What was set aside. `code` says why, `since` when; the value itself stays on disk."""

    number: int
    key: Key
    version: int
    size_bytes: int
    code: str
    since: datetime


def set_aside(connection: Connection, key: Key, *, code: str, since: datetime) -> bool:
    """Move the record out of the way, in one step; whether there was one."""
    connection.execute("BEGIN IMMEDIATE")
    moved = connection.execute(
        "INSERT INTO quarantine (collection, partition, id, version, value, code, since)"
        " SELECT collection, partition, id, version, value, ?, ? FROM records"
        " WHERE collection = ? AND partition = ? AND id = ?",
        (code, round(since.timestamp() * SECOND), *key),
    ).rowcount
    connection.execute("DELETE FROM records WHERE collection = ? AND partition = ? AND id = ?", key)
    connection.execute("COMMIT")
    return moved > 0


def list_quarantined(connection: Connection, *, after: int, limit: int) -> list[QuarantinedRecord]:
    """What was set aside, oldest first, behind this number."""
    rows = connection.execute(
        "SELECT number, collection, partition, id, version, length(value), code, since"
        " FROM quarantine WHERE number > ? ORDER BY number LIMIT ?",
        (after, limit),
    ).fetchall()
    return [
        QuarantinedRecord(
            number, Key(*key), version, size, code, datetime.fromtimestamp(since / SECOND, UTC)
        )
        for number, *key, version, size, code, since in rows
    ]


__all__ = ["QuarantinedRecord", "list_quarantined", "set_aside"]
