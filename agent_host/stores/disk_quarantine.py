"""What could not be made sense of, records and entries of streams: out of the way of those who
read, and kept.

They are numbered, listed without their bytes, put back, and discarded. A record that had a time to
live when it was set aside ends here when it would have ended there; an entry goes with its stream.
"""

from datetime import UTC, datetime
from sqlite3 import Connection
from typing import Any, Final, NamedTuple

from agent_host.stores.disk_cache import NEVER, RecordState
from agent_host.stores.disk_entry import POSITION_BITS, position_of
from agent_host.stores.disk_time import SECOND
from agent_host.types.store import HOLE, Key, Record, SetAsideEntry, StreamEntry

_LISTED: Final = (
    "SELECT number, collection, partition, id, place, version, length(value), code, since"
    " FROM quarantine"
)


class Aside(NamedTuple):
    """A record that is to be set aside, as it is before, and why. If `state` has no record, it is
    on disk as the group found it.
    """

    key: Key
    state: RecordState
    code: str


class EntryAside(NamedTuple):
    """An entry that is to be set aside, and where it is on disk."""

    place: int
    write: SetAsideEntry


class QuarantinedRecord(NamedTuple):
    """What was set aside. `code` says why, `since` when; the value itself stays on disk.

    Of an entry `key` is its stream's, `position` its place there and `version` 0; a record has no
    `position`.
    """

    number: int
    key: Key
    position: int | None
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


def put_entry_aside(connection: Connection, aside: EntryAside, *, now: int) -> None:
    """Keep the entry and leave a hole, within a transaction that has written it before this."""
    place, write = aside
    connection.execute(
        "INSERT INTO quarantine (collection, partition, id, place, version, code, since, value)"
        " VALUES (?, ?, ?, ?, 0, ?, ?, ?)",
        (*write.stream, place, write.code, now, write.expect),
    )
    connection.execute("UPDATE entries SET entry = ? WHERE place = ?", (HOLE, place))


def list_quarantined(connection: Connection, *, after: int, limit: int) -> list[QuarantinedRecord]:
    """What was set aside, oldest first, behind this number."""
    rows = connection.execute(
        f"{_LISTED} WHERE number > ? ORDER BY number LIMIT ?", (after, limit)
    ).fetchall()
    return [
        QuarantinedRecord(
            number,
            Key(*key),
            None if place is None else position_of(place),
            version,
            size,
            code,
            datetime.fromtimestamp(since / SECOND, UTC),
        )
        for number, *key, place, version, size, code, since in rows
    ]


def find_quarantined(connection: Connection, number: int) -> Record | StreamEntry | None:
    """What has this number, with its bytes as they were."""
    row = connection.execute(
        "SELECT collection, partition, id, value, version, place FROM quarantine WHERE number = ?",
        (number,),
    ).fetchone()
    return None if row is None else _found(*row)


def put_back(connection: Connection, number: int, *, now: int) -> bool:
    """Move it to where it was, in one step; False if another record is there by now, if the stream
    is gone, or if there is none of this number.
    """
    connection.execute("BEGIN IMMEDIATE")
    moved = _put_record_back(connection, number, now) or _put_entry_back(connection, number, now)
    if moved:
        discard(connection, number)
    connection.execute("COMMIT")
    return moved


def _put_record_back(connection: Connection, number: int, now: int) -> bool:
    connection.execute(
        "DELETE FROM records WHERE expires_at <= ? AND (collection, partition, id) ="
        " (SELECT collection, partition, id FROM quarantine WHERE number = ? AND place IS NULL)",
        (now, number),
    )
    moved = connection.execute(
        "INSERT OR IGNORE INTO records (collection, partition, id, version, expires_at, value)"
        " SELECT collection, partition, id, version, expires_at, value FROM quarantine"
        " WHERE number = ? AND place IS NULL",
        (number,),
    ).rowcount
    return moved > 0


def _put_entry_back(connection: Connection, number: int, now: int) -> bool:
    moved = connection.execute(
        "UPDATE entries SET entry = (SELECT value FROM quarantine WHERE number = ?1)"
        " WHERE place = (SELECT place FROM quarantine WHERE number = ?1) AND EXISTS"
        " (SELECT 1 FROM streams WHERE number = entries.place >> ?2"
        " AND (expires_at IS NULL OR expires_at > ?3))",
        (number, POSITION_BITS, now),
    ).rowcount
    return moved > 0


def discard(connection: Connection, number: int) -> bool:
    """Delete what has this number for good; whether there was anything."""
    return connection.execute("DELETE FROM quarantine WHERE number = ?", (number,)).rowcount > 0


def _found(*row: Any) -> Record | StreamEntry:  # noqa: ANN401 - a row of the database
    *parts, value, version, place = row
    key = Key(*parts)
    return (
        Record(key, value, version)
        if place is None
        else StreamEntry(key, position_of(place), value)
    )


__all__ = [
    "Aside",
    "EntryAside",
    "QuarantinedRecord",
    "discard",
    "find_quarantined",
    "list_quarantined",
    "put_aside",
    "put_back",
    "put_entry_aside",
]
