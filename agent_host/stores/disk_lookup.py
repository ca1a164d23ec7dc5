"""What the disk store's readers ask the database, each with one statement and so of one moment.

What is found is remembered, unless a commit came in between.
"""

from collections.abc import Sequence
from sqlite3 import Connection
from typing import Final

from agent_host.stores.disk_cache import (
    NEVER,
    NO_RECORD,
    NO_STREAM,
    RECORD_BYTES,
    STREAM_BYTES,
    Cache,
    RecordState,
    StreamState,
    appended,
)
from agent_host.stores.disk_entry import POSITION_BITS
from agent_host.types.store import Key, Record, StreamSlice

_STREAM: Final = """
    SELECT s.length, s.expires_at, s.number, e.entry
    FROM streams s LEFT JOIN entries e
    ON e.place >= (s.number << {bits}) + {first} AND e.place < (s.number + 1) << {bits}
    WHERE s.collection = ? AND s.partition = ? AND s.id = ?
    ORDER BY e.place LIMIT ?
"""
_FROM_START: Final = _STREAM.format(bits=POSITION_BITS, first="min(?, s.length)")
_FROM_END: Final = _STREAM.format(bits=POSITION_BITS, first="max(0, s.length - ?)")

_SCAN: Final = """
    SELECT id, version, value FROM records
    WHERE collection = ? AND partition = ? AND (expires_at IS NULL OR expires_at > ?) {after}
    ORDER BY id {direction} LIMIT ?
"""


def find_record(connection: Connection, cache: Cache, key: Key) -> RecordState:
    """The record as it is on disk."""
    epoch = cache.epoch
    row = connection.execute(
        "SELECT version, expires_at, value FROM records"
        " WHERE collection = ? AND partition = ? AND id = ?",
        key,
    ).fetchone()
    if row is None:
        state = NO_RECORD
    else:
        version, end, value = row
        record = Record(key, value, version)
        size = RECORD_BYTES + len(value) + len(key[1]) + len(key[2])
        state = RecordState(version, NEVER if end is None else end, record, size)
    cache.learn(epoch, {key: state}, {})
    return state


def find_records(
    connection: Connection,
    collection: str,
    partition: str,
    *,
    after: str | None,
    limit: int,
    newest_first: bool,
    now: int,
) -> Sequence[Record]:
    """See `StateStore.scan`."""
    text = _SCAN.format(
        after="" if after is None else f"AND id {'<' if newest_first else '>'} ?",
        direction="DESC" if newest_first else "ASC",
    )
    place = (collection, partition, now)
    values = (*place, limit) if after is None else (*place, after, limit)
    return [
        Record(Key(collection, partition, identifier), value, version)
        for identifier, version, value in connection.execute(text, values).fetchall()
    ]


def find_entries(
    connection: Connection, cache: Cache, stream: Key, *, start: int, limit: int, now: int
) -> StreamSlice:
    """See `StateStore.read`."""
    epoch = cache.epoch
    rows = connection.execute(_FROM_START, (start, *stream, max(1, limit))).fetchall()
    state, entries = _state(rows)
    if state.expires_at <= now or not state.number:
        return StreamSlice(start, (), 0)
    if start + len(entries) == state.length:
        _learn(cache, epoch, stream, state, entries)
    return StreamSlice(start, entries[:limit], state.length)


def find_last_entries(
    connection: Connection, cache: Cache, stream: Key, *, limit: int, now: int
) -> StreamSlice:
    """See `StateStore.read_last`."""
    epoch = cache.epoch
    rows = connection.execute(_FROM_END, (limit, *stream, max(1, limit))).fetchall()
    state, entries = _state(rows)
    _learn(cache, epoch, stream, state, entries)
    if state.expires_at <= now or not state.number:
        return StreamSlice(0, (), 0)
    return StreamSlice(state.length - len(entries), entries, state.length)


def slice_of(state: StreamState, *, first: int, limit: int) -> StreamSlice | None:
    """The entries from what is remembered, or None if it is not enough."""
    begin = first - (state.length - len(state.tail))
    if begin < 0:
        return None
    return StreamSlice(first, state.tail[begin : begin + limit], state.length)


def _state(
    rows: Sequence[tuple[int, int | None, int, bytes | None]],
) -> tuple[StreamState, tuple[bytes, ...]]:
    if not rows:
        return NO_STREAM, ()
    length, end, number, _ = rows[0]
    entries = tuple(row[3] for row in rows if row[3] is not None)
    return (
        StreamState(length, NEVER if end is None else end, number, (), STREAM_BYTES),
        entries,
    )


def _learn(
    cache: Cache, epoch: int, stream: Key, state: StreamState, tail: tuple[bytes, ...]
) -> None:
    """Remember the stream; `tail` are its last entries, of which `state` has none yet."""
    before = state._replace(length=state.length - len(tail))
    known = appended(before, tail, number=state.number, expires_at=state.expires_at)
    cache.learn(epoch, {}, {stream: known})


__all__ = ["find_entries", "find_last_entries", "find_record", "find_records", "slice_of"]
