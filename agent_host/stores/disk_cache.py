"""What the disk store remembers of what is on disk, so that warm reads go nowhere.

One process owns the database, so this is never out of date: the writer's thread changes it after a
commit is on disk and before the commit's caller hears of it, and in between, when a reader may have
seen that commit already, answers nothing about what it changes. The event loop only looks and moves
what it found to the warm end; single operations of an `OrderedDict` are atomic, and what they hold
is never changed, only replaced.
"""

from collections import OrderedDict
from collections.abc import Container, Generator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Final, NamedTuple, TypeVar

from agent_host.types.store import HOLE, Key, Record

RECORD_BYTES: Final = 700
STREAM_BYTES: Final = 700
ENTRY_BYTES: Final = 50
"""What Python's objects weigh beside the text they hold: estimates."""

TAIL_ENTRIES: Final = 512
TAIL_BYTES: Final = 128 * 1024
"""The last entries of a stream that are remembered, at most; past that, half of it is kept."""

S = TypeVar("S")

NEVER: Final = 1 << 63
"""The end of what has none."""


class RecordState(NamedTuple):
    """A record as it is on disk; `version` 0 and no record if there is none."""

    version: int
    expires_at: int
    record: Record | None
    size_bytes: int


class StreamState(NamedTuple):
    """A stream as it is on disk: of `length` entries, the last ones; `number` 0 if there is none.
    `size_bytes` is what the tail and its text weigh.
    """

    length: int
    expires_at: int
    number: int
    tail: tuple[bytes, ...]
    size_bytes: int


NO_RECORD: Final = RecordState(0, NEVER, None, RECORD_BYTES)
NO_STREAM: Final = StreamState(0, NEVER, 0, (), STREAM_BYTES)


class Cache:
    """The states of keys written or read last, of at most `limit_bytes` by an estimate."""

    __slots__ = (
        "_changing_records",
        "_changing_streams",
        "_limit_bytes",
        "_lock",
        "_size_bytes",
        "epoch",
        "records",
        "streams",
    )

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._size_bytes = 0
        self._lock = Lock()
        self._changing_records: Container[Key] = ()
        self._changing_streams: Container[Key] = ()
        self.records: OrderedDict[Key, RecordState] = OrderedDict()
        self.streams: OrderedDict[Key, StreamState] = OrderedDict()
        self.epoch = 0
        """Counts commits. What was read from disk is remembered only if none came in between."""

    def record(self, key: Key) -> RecordState | None:
        """What is known of the record."""
        if key in self._changing_records:
            return None
        state = self.records.get(key)
        if state is not None:
            _touch(self.records, key)
        return state

    def stream(self, key: Key) -> StreamState | None:
        """What is known of the stream."""
        if key in self._changing_streams:
            return None
        state = self.streams.get(key)
        if state is not None:
            _touch(self.streams, key)
        return state

    @contextmanager
    def changing(
        self, records: Mapping[Key, RecordState], streams: Mapping[Key, StreamState]
    ) -> Generator[None, None, None]:
        """These are written meanwhile, unless that raises. Until that is clear, what is known of
        them counts for nothing: what a reader of the disk saw, no later look here may deny.
        """
        self._changing_records, self._changing_streams = records, streams
        try:
            yield
            with self._lock:
                self.epoch += 1
                self._put(records, streams)
        finally:
            self._changing_records = self._changing_streams = ()

    def learn(
        self, epoch: int, records: Mapping[Key, RecordState], streams: Mapping[Key, StreamState]
    ) -> None:
        """These were read from disk, by a read that began when `epoch` was this."""
        with self._lock:
            if epoch == self.epoch:
                self._put(records, streams)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self.epoch += 1
            self.records.clear()
            self.streams.clear()
            self._size_bytes = 0

    def _put(self, records: Mapping[Key, RecordState], streams: Mapping[Key, StreamState]) -> None:
        size = self._size_bytes
        known = self.records
        for key, state in records.items():
            former = known.get(key)
            if former is not None:
                size -= former.size_bytes
                _touch(known, key)
            known[key] = state
            size += state.size_bytes
        tails = self.streams
        for key, tail in streams.items():
            former_tail = tails.get(key)
            if former_tail is not None:
                size -= former_tail.size_bytes
                _touch(tails, key)
            tails[key] = tail
            size += tail.size_bytes
        while size > self._limit_bytes and (known or tails):
            # Both shrink alike; which of the two held the oldest is not worth a common order.
            if known:
                size -= known.popitem(last=False)[1].size_bytes
            if tails:
                size -= tails.popitem(last=False)[1].size_bytes
        self._size_bytes = size


def _touch(states: OrderedDict[Key, S], key: Key) -> None:
    try:
        states.move_to_end(key)
    except KeyError:  # another thread let it go meanwhile
        return


def appended(
    state: StreamState, added: tuple[bytes, ...], *, number: int, expires_at: int
) -> StreamState:
    """The state after these entries, with as much of the tail as is remembered."""
    tail = state.tail + added
    size = state.size_bytes + sum(map(len, added)) + ENTRY_BYTES * len(added)
    if len(tail) > TAIL_ENTRIES or size > TAIL_BYTES:
        tail, size = _shortened(tail)
    return StreamState(state.length + len(added), expires_at, number, tail, size)


def with_hole(state: StreamState, position: int) -> StreamState:
    """The state once the entry at this position was set aside."""
    tail = state.tail
    behind = position - (state.length - len(tail))
    if behind < 0:
        return state
    size = state.size_bytes + len(HOLE) - len(tail[behind])
    return state._replace(tail=(*tail[:behind], HOLE, *tail[behind + 1 :]), size_bytes=size)


def _shortened(tail: tuple[bytes, ...]) -> tuple[tuple[bytes, ...], int]:
    size = STREAM_BYTES
    count = 0
    for entry in reversed(tail[-TAIL_ENTRIES // 2 :]):
        size += len(entry) + ENTRY_BYTES
        if size > TAIL_BYTES // 2:
            size -= len(entry) + ENTRY_BYTES
            break
        count += 1
    return tail[len(tail) - count :], size


__all__ = [
    "NEVER",
    "NO_RECORD",
    "NO_STREAM",
    "RECORD_BYTES",
    "STREAM_BYTES",
    "Cache",
    "RecordState",
    "StreamState",
    "appended",
    "with_hole",
]
