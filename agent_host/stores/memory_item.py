"""What the memory store keeps: records in partitions, streams, and what each of them weighs."""

from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from math import inf
from typing import Final, TypeAlias

from agent_host.types.store import Key

RECORD_BYTES: Final = 900
"""What a record weighs beside its text: objects, index entries, a partition for each person."""

STREAM_BYTES: Final = 700
STREAM_ENTRY_BYTES: Final = 48
"""What an entry weighs beside its text, and its stream beside its entries: all are estimates."""


class StoredRecord:
    """A record as it stands now. `expires_at` is infinite if it has no end; `queue` and `turn` say
    where it stands among those that have one.
    """

    __slots__ = ("expires_at", "key", "queue", "size_bytes", "turn", "value", "version")

    def __init__(self, key: Key, value: bytes = b"", size_bytes: int = 0) -> None:
        self.key = key
        self.value = value
        self.version = 1
        self.size_bytes = size_bytes
        self.turn = 0
        self.expires_at = inf
        self.queue: OrderedDict[Item, None] | None = None


class StoredStream:
    """A stream as it stands now; see `StoredRecord`."""

    __slots__ = ("entries", "expires_at", "key", "queue", "size_bytes", "turn")

    def __init__(self, key: Key, entries: Sequence[bytes] = (), size_bytes: int = 0) -> None:
        self.key = key
        self.entries = list(entries)
        self.size_bytes = size_bytes
        self.turn = 0
        self.expires_at = inf
        self.queue: OrderedDict[Item, None] | None = None


Item: TypeAlias = StoredRecord | StoredStream


class Partition:
    """The records of one (collection, partition).

    Most partitions are never scanned, so the ids are put in order by the first scan and kept so
    from then on. Ids that grow with time are appended in O(1).
    """

    __slots__ = ("_order", "records")

    def __init__(self) -> None:
        self.records: dict[str, StoredRecord] = {}
        self._order: list[str] | None = None

    def add(self, record: StoredRecord) -> None:
        """Take a record whose id is new here."""
        identifier = record.key.id
        self.records[identifier] = record
        order = self._order
        if order is not None:
            if not order or identifier > order[-1]:
                order.append(identifier)
            else:
                insort(order, identifier)

    def remove(self, identifier: str) -> None:
        """Drop the record of this id."""
        del self.records[identifier]
        if self._order is not None:
            del self._order[bisect_left(self._order, identifier)]

    def after(self, identifier: str | None, *, newest_first: bool) -> Iterator[StoredRecord]:
        """Records behind this id, in the direction given. Nothing may change meanwhile."""
        order = self._order
        if order is None:
            order = self._order = sorted(self.records)
        if newest_first:
            stop = len(order) if identifier is None else bisect_left(order, identifier)
            positions = range(stop - 1, -1, -1)
        else:
            start = 0 if identifier is None else bisect_right(order, identifier)
            positions = range(start, len(order))
        records = self.records
        return (records[order[position]] for position in positions)


__all__ = [
    "RECORD_BYTES",
    "STREAM_BYTES",
    "STREAM_ENTRY_BYTES",
    "Item",
    "Partition",
    "StoredRecord",
    "StoredStream",
]
