"""What one commit to the memory store will do, worked out before any of it is done."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeAlias

from agent_host.errors import ConflictError
from agent_host.stores.memory_item import (
    RECORD_BYTES,
    STREAM_BYTES,
    STREAM_ENTRY_BYTES,
    StoredRecord,
    StoredStream,
)
from agent_host.types.store import (
    HOLE,
    Append,
    Delete,
    Key,
    Put,
    SetAside,
    SetAsideEntry,
    Write,
)

RecordChange: TypeAlias = tuple[StoredRecord | None, int, int, bytes | None, timedelta | None]
"""The record as it was, and what it will be: version, weight, value (None: gone), time to live."""


class StreamChange:
    """What a commit makes of a stream: perhaps nothing of the old one, or holes in it, and these
    entries more. Its end stays where `keeps_end` says so.
    """

    __slots__ = (
        "deleted",
        "entries",
        "holes",
        "keeps_end",
        "length",
        "size_bytes",
        "stream",
        "time_to_live",
    )

    def __init__(self, stream: StoredStream | None) -> None:
        self.stream = stream
        self.deleted = False
        self.entries: tuple[bytes, ...] = ()
        self.holes: set[int] = set()
        self.keeps_end = True
        self.time_to_live: timedelta | None = None
        self.length = 0 if stream is None else len(stream.entries)
        self.size_bytes = 0 if stream is None else stream.size_bytes

    def entry(self, position: int) -> bytes | None:
        """What is there now; None past the end."""
        if not 0 <= position < self.length:
            return None
        kept = self.length - len(self.entries)
        if position >= kept:
            return self.entries[position - kept]
        if position in self.holes or self.stream is None:
            return HOLE
        return self.stream.entries[position]

    def punch(self, position: int) -> None:
        """Make a hole of the entry that is there."""
        behind = position - (self.length - len(self.entries))
        if behind < 0:
            self.holes.add(position)
        else:
            entries = self.entries
            self.entries = (*entries[:behind], HOLE, *entries[behind + 1 :])


class Plan:
    """What becomes of each key, in the order of the writes, and how much heavier that is."""

    __slots__ = ("_find_record", "_find_stream", "_now", "growth_bytes", "records", "streams")

    def __init__(
        self,
        find_record: Callable[[Key, float], StoredRecord | None],
        find_stream: Callable[[Key, float], StoredStream | None],
        now: float,
    ) -> None:
        self._find_record = find_record
        self._find_stream = find_stream
        self._now = now
        self.records: dict[Key, RecordChange] = {}
        self.streams: dict[Key, StreamChange] = {}
        self.growth_bytes = 0

    def take(self, writes: Sequence[Write]) -> tuple[int, ...]:
        """Take all the writes; what each leads to.

        Raises:
            ConflictError: an `expect` does not hold.
        """
        outcome: list[int] = []
        for write in writes:
            if isinstance(write, Put | Delete | SetAside):
                outcome.append(self._change(write))
            elif isinstance(write, Append):
                outcome.append(self._append(write))
            elif isinstance(write, SetAsideEntry):
                outcome.append(self._punch(write))
            else:
                outcome.append(self._delete_stream(write.stream))
        return tuple(outcome)

    def _change(self, write: Put | Delete | SetAside) -> int:
        key, expect = write.key, write.expect
        change = self.records.get(key)
        if change is not None:
            record, version, before, _, _ = change
        else:
            record = self._find_record(key, self._now)
            version, before = (0, 0) if record is None else (record.version, record.size_bytes)
        if expect is not None and expect != version:
            raise _conflict()
        if not isinstance(write, Put):
            self.records[key] = (record, 0, 0, None, None)
            self.growth_bytes -= before
            return 0
        version += 1
        value = write.value
        _, partition, identifier = key
        size = RECORD_BYTES + len(partition) + len(identifier) + len(value)
        self.records[key] = (record, version, size, value, write.time_to_live)
        self.growth_bytes += size - before
        return version

    def _append(self, write: Append) -> int:
        key, entries, expect, time_to_live = write
        change = self._stream(key)
        if expect is not None and expect != change.length:
            raise _conflict()
        change.time_to_live, change.keeps_end = time_to_live, False
        if entries:  # none at all do not make a stream
            change.entries = change.entries + entries if change.entries else entries
            change.length += len(entries)
            growth = sum(map(len, entries)) + STREAM_ENTRY_BYTES * len(entries)
            if not change.size_bytes:
                growth += STREAM_BYTES + len(key.partition) + len(key.id)
            change.size_bytes += growth
            self.growth_bytes += growth
        return change.length

    def _punch(self, write: SetAsideEntry) -> int:
        change = self._stream(write.stream)
        if change.entry(write.position) != write.expect:
            raise _conflict()
        change.punch(write.position)
        growth = len(HOLE) - len(write.expect)
        change.size_bytes += growth
        self.growth_bytes += growth
        return 0

    def _delete_stream(self, key: Key) -> int:
        change = self._stream(key)
        self.growth_bytes -= change.size_bytes
        change.deleted = True
        change.entries = ()
        change.holes.clear()
        change.length = change.size_bytes = 0
        return 0

    def _stream(self, key: Key) -> StreamChange:
        change = self.streams.get(key)
        if change is None:
            change = self.streams[key] = StreamChange(self._find_stream(key, self._now))
        return change


def _conflict() -> ConflictError:
    return ConflictError("Something was changed by another at the same time.")


__all__ = ["Plan", "RecordChange", "StreamChange"]
