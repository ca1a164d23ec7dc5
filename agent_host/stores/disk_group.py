"""What a group of commits will do to the database, worked out before any of it is done.

Each commit is taken whole or refused by itself, and sees those before it. What is written is the
last state of each key, so that a key written often in one group costs one row.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from sqlite3 import Connection
from typing import Any

from agent_host.errors import ConflictError, StoreFullError
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
    with_hole,
)
from agent_host.stores.disk_entry import POSITION_LIMIT, place_of
from agent_host.stores.disk_quarantine import Aside, EntryAside, put_aside, put_entry_aside
from agent_host.stores.disk_request import Commit
from agent_host.stores.disk_statement import (
    ADD_RECORDS,
    ADD_STREAMS,
    DELETE_RECORDS,
    DELETE_STREAMS,
    FIND_RECORDS,
    FIND_STREAMS,
    PUT_ENTRIES,
    PUT_GARBAGE,
    PUT_RECORDS,
    PUT_STREAMS,
)
from agent_host.stores.disk_time import end_of
from agent_host.types.store import (
    ABSENT,
    Append,
    Delete,
    DeleteStream,
    Key,
    Put,
    Record,
    SetAside,
    SetAsideEntry,
)

_OF_STREAMS = (Append, DeleteStream, SetAsideEntry)


class Group:
    """Commits at one moment of the store's time. `next_number` is the first unused of a stream.

    What a commit expects to be new, and nobody remembers, is believed to be: `write` then fails
    with `sqlite3.IntegrityError` if it is not, and all of it is done again by a group that is not
    `trusting`.
    """

    __slots__ = (
        "_asides",
        "_cache",
        "_entries",
        "_found_entries",
        "_found_records",
        "_found_streams",
        "_fresh",
        "_garbage",
        "_now",
        "_trusting",
        "next_number",
        "records",
        "streams",
    )

    def __init__(self, cache: Cache, *, now: int, next_number: int, trusting: bool = True) -> None:
        self._cache = cache
        self._trusting = trusting
        self._fresh: set[Key] = set()
        self._now = now
        self.next_number = next_number
        self.records: dict[Key, RecordState] = {}
        self.streams: dict[Key, StreamState] = {}
        self._found_records: dict[Key, RecordState] = {}
        self._found_streams: dict[Key, StreamState] = {}
        self._entries: list[tuple[int, bytes]] = []
        self._garbage: list[int] = []
        self._asides: list[Aside | EntryAside] = []
        self._found_entries: dict[int, bytes] = {}

    @property
    def row_count(self) -> int:
        """How many rows it changes."""
        return len(self.records) + len(self.streams) + len(self._entries) + len(self._garbage)

    def look_up(self, connection: Connection, commits: Sequence[Commit]) -> None:
        """Find out about the keys that are not remembered, and not expected to be new."""
        records, streams = self._found_records, self._found_streams
        cold_records, cold_streams = self._recall(commits)
        if cold_records:
            records.update(dict.fromkeys(cold_records, NO_RECORD))
            for *parts, version, expires_at in FIND_RECORDS.find(
                connection, self._doubtful(cold_records)
            ):
                end = NEVER if expires_at is None else expires_at
                records[Key(*parts)] = RecordState(version, end, None, 0)
        if cold_streams:
            streams.update(dict.fromkeys(cold_streams, NO_STREAM))
            rows = FIND_STREAMS.find(connection, self._doubtful(cold_streams))
            for *parts, length, expires_at, number in rows:
                end = NEVER if expires_at is None else expires_at
                streams[Key(*parts)] = StreamState(length, end, number, (), STREAM_BYTES)
        if streams:
            self._look_up_entries(connection, commits)

    def _recall(self, commits: Iterable[Commit]) -> tuple[dict[Key, bool], dict[Key, bool]]:
        """Take over what is remembered. Of records and of streams that are not: whether the one
        write of each expects it to be new.
        """
        cold_records: dict[Key, bool] = {}
        cold_streams: dict[Key, bool] = {}
        known_records, known_streams = self._cache.records, self._cache.streams
        for commit in commits:
            for write in commit.writes:
                key = write[0]
                # Taken over from memory now, since a reader may make room there at any time.
                if type(write) not in _OF_STREAMS:
                    record = known_records.get(key)
                    if record is not None:
                        self._found_records[key] = record
                    else:
                        is_new = type(write) is Put and write.expect == ABSENT
                        cold_records[key] = is_new and key not in cold_records
                else:
                    stream = known_streams.get(key)
                    if stream is not None:
                        self._found_streams[key] = stream
                    else:
                        is_new = type(write) is Append and write.expect == ABSENT
                        cold_streams[key] = is_new and key not in cold_streams
        return cold_records, cold_streams

    def _look_up_entries(self, connection: Connection, commits: Iterable[Commit]) -> None:
        """Find out what is in the places of entries that are to be set aside."""
        writes = chain.from_iterable([commit.writes for commit in commits])
        for write in [one for one in writes if type(one) is SetAsideEntry]:
            place = place_of(self._found_streams[write.stream].number, write.position)
            self._found_entries.update(
                connection.execute("SELECT place, entry FROM entries WHERE place = ?", (place,))
            )

    def _doubtful(self, cold: Mapping[Key, bool]) -> list[Key]:
        """Of keys that are not remembered, with whether their one write expects them to be new,
        those that must be looked up.
        """
        if not self._trusting:
            return list(cold)
        self._fresh.update([key for key, is_new in cold.items() if is_new])
        return [key for key, is_new in cold.items() if not is_new]

    def take(self, commit: Commit) -> None:
        """Take the commit whole, and note what each of its writes leads to.

        Raises:
            ConflictError: an `expect` does not hold; nothing of it was taken.
            StoreFullError: a stream would have more entries than there is room for; the same.
        """
        records: dict[Key, RecordState] = {}
        streams: dict[Key, StreamState] = {}
        entries: list[tuple[int, bytes]] = []
        garbage: list[int] = []
        asides: list[Aside | EntryAside] = []
        outcome: list[int] = []
        for write in commit.writes:
            key = write[0]
            if type(write) is Put:
                _, value, expect, time_to_live = write
                version = (records.get(key) or self._record(key)).version
                if expect is not None and expect != version:
                    raise _conflict()
                version += 1
                end = NEVER if time_to_live is None else end_of(self._now, time_to_live)
                size = RECORD_BYTES + len(value) + len(key[1]) + len(key[2])
                records[key] = RecordState(version, end, Record(key, value, version), size)
                outcome.append(version)
            elif type(write) is Append:
                state = streams.get(key) or self._stream(key, garbage)
                if write.expect is not None and write.expect != state.length:
                    raise _conflict()
                streams[key] = state = self._appended(state, write, entries)
                outcome.append(state.length)
            elif isinstance(write, Delete | SetAside):
                before = records.get(key) or self._record(key)
                if write.expect is not None and write.expect != before.version:
                    raise _conflict()
                asides += _asides(write, before)
                records[key] = NO_RECORD
                outcome.append(0)
            elif isinstance(write, SetAsideEntry):
                state = streams.get(key) or self._stream(key, garbage)
                asides.append(self._set_aside(write, state, entries=entries, asides=asides))
                streams[key] = with_hole(state, write.position)
                outcome.append(0)
            else:
                state = streams.get(key) or self._stream(key, garbage)
                if state.number:
                    garbage.append(state.number)
                streams[key] = NO_STREAM
                outcome.append(0)
        self.records.update(records)
        self.streams.update(streams)
        self._entries += entries
        self._garbage += garbage
        self._asides += asides
        commit.outcome = tuple(outcome)

    def write(self, connection: Connection) -> None:
        """Do it, within a transaction."""
        for aside in self._asides:
            if isinstance(aside, Aside):
                put_aside(connection, aside, now=self._now)
        self._write_records(connection)
        if self.streams:
            self._write_streams(connection)
        for aside in self._asides:
            if isinstance(aside, EntryAside):
                put_entry_aside(connection, aside, now=self._now)

    def _write_records(self, connection: Connection) -> None:
        gone: list[Key] = []
        new: list[tuple[Any, ...]] = []
        known: list[tuple[Any, ...]] = []
        fresh = self._fresh
        for key, (version, end, record, _) in self.records.items():
            if record is None:
                gone.append(key)
            else:
                row = (*key, version, None if end == NEVER else end, record.value)
                (new if key in fresh else known).append(row)
        if gone:
            DELETE_RECORDS.write(connection, gone)
        ADD_RECORDS.write(connection, new)
        PUT_RECORDS.write(connection, known)

    def _write_streams(self, connection: Connection) -> None:
        gone: list[Key] = []
        new: list[tuple[Any, ...]] = []
        known: list[tuple[Any, ...]] = []
        fresh = self._fresh
        for key, (length, end, number, _, _) in self.streams.items():
            if number:
                row = (*key, number, length, None if end == NEVER else end)
                (new if key in fresh else known).append(row)
            else:
                gone.append(key)
        if gone:
            DELETE_STREAMS.write(connection, gone)
        ADD_STREAMS.write(connection, new)
        PUT_STREAMS.write(connection, known)
        PUT_ENTRIES.write(connection, self._entries)
        if self._garbage:
            PUT_GARBAGE.write(connection, [(number,) for number in self._garbage])

    def _record(self, key: Key) -> RecordState:
        state = self.records.get(key) or self._found_records[key]
        return state if state.expires_at > self._now else NO_RECORD

    def _stream(self, key: Key, garbage: list[int]) -> StreamState:
        state = self.streams.get(key) or self._found_streams[key]
        if state.expires_at > self._now:
            return state
        garbage.append(state.number)
        return NO_STREAM

    def _set_aside(
        self,
        write: SetAsideEntry,
        state: StreamState,
        *,
        entries: Sequence[tuple[int, bytes]],
        asides: Sequence[Aside | EntryAside],
    ) -> EntryAside:
        """`entries` and `asides` are those of the same commit before it."""
        place = place_of(state.number, write.position)
        known = {**self._found_entries, **dict(self._entries), **dict(entries)}
        holes = [one.place for one in (*self._asides, *asides) if isinstance(one, EntryAside)]
        is_there = 0 <= write.position < state.length and place not in holes
        if not is_there or known.get(place) != write.expect:
            raise _conflict()
        return EntryAside(place, write)

    def _appended(
        self, state: StreamState, write: Append, entries: list[tuple[int, bytes]]
    ) -> StreamState:
        number, added = state.number, write.entries
        if not (number or added):  # none at all do not make a stream
            return state
        if not number:
            number = self.next_number
            self.next_number += 1
        if state.length + len(added) > POSITION_LIMIT:
            message = f"A stream has at most {POSITION_LIMIT} entries."
            raise StoreFullError(message)
        entries += enumerate(added, start=place_of(number, state.length))
        time_to_live = write.time_to_live
        end = NEVER if time_to_live is None else end_of(self._now, time_to_live)
        return appended(state, added, number=number, expires_at=end)


def _asides(write: Delete | SetAside, before: RecordState) -> list[Aside]:
    if isinstance(write, Delete) or before is NO_RECORD:
        return []
    return [Aside(write.key, before, write.code)]


def _conflict() -> ConflictError:
    return ConflictError("Something was changed by another at the same time.")


__all__ = ["Group"]
