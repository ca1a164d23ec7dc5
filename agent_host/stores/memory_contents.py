"""The memory store's records and streams: written, weighed and evicted.

Owns the bound and every index. Knows no event loop: nothing here waits.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from math import inf
from typing import Final

from agent_host.errors import StoreFullError
from agent_host.stores.memory_age import AgeQueues
from agent_host.stores.memory_item import (
    RECORD_BYTES,
    STREAM_BYTES,
    STREAM_ENTRY_BYTES,
    Item,
    Partition,
    StoredRecord,
    StoredStream,
)
from agent_host.stores.memory_plan import Plan, RecordChange, StreamChange
from agent_host.types.store import ABSENT, HOLE, Append, Key, Put, Write

_SWEEP_LIMIT: Final = 32
"""How much that has ended one commit clears away: more than it writes, too little to be felt."""


class Contents:
    """What a memory store keeps, of at most `limit_bytes` by its own estimate.

    What has a time to live is evictable, least recently written first.
    """

    __slots__ = (
        "_ageing",
        "_evictable_bytes",
        "_limit_bytes",
        "_partitions",
        "_streams",
        "size_bytes",
    )

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._partitions: dict[tuple[str, str], Partition] = {}
        self._streams: dict[Key, StoredStream] = {}
        self._ageing = AgeQueues()
        self._evictable_bytes = 0
        self.size_bytes = 0

    def record(self, key: Key, now: float) -> StoredRecord | None:
        """The record, unless it has ended."""
        collection, partition, identifier = key
        found = self._partitions.get((collection, partition))
        record = None if found is None else found.records.get(identifier)
        if record is not None and record.expires_at <= now:
            self._drop(record)
            return None
        return record

    def records(
        self, collection: str, partition: str, *, after: str | None, newest_first: bool, now: float
    ) -> Iterator[StoredRecord]:
        """Those of one partition behind `after`. Nothing may change until they are used."""
        found = self._partitions.get((collection, partition))
        if found is None:
            return iter(())
        ordered = found.after(after, newest_first=newest_first)
        return (record for record in ordered if record.expires_at > now)

    def stream(self, key: Key, now: float) -> StoredStream | None:
        """The stream, unless it has ended."""
        stream = self._streams.get(key)
        if stream is not None and stream.expires_at <= now:
            self._drop(stream)
            return None
        return stream

    def commit(self, writes: Sequence[Write], now: float) -> tuple[int, ...]:
        """Do all the writes or none; see `StateStore.commit`.

        What becomes of each key is worked out first, then done. Nothing can fail in between.
        """
        if self._ageing.due_at <= now:
            for item in self._ageing.ended(now, limit=_SWEEP_LIMIT):
                self._drop(item)
        fresh = self._fresh_items(writes)
        if fresh is not None:
            return self._insert(fresh, now)
        plan = Plan(self.record, self.stream, now)
        outcome = plan.take(writes)
        if self.size_bytes + plan.growth_bytes > self._limit_bytes:
            self._check_room(plan)
        for key, record_change in plan.records.items():
            self._change_record(key, record_change, now)
        for key, stream_change in plan.streams.items():
            self._change_stream(key, stream_change, now)
        if self.size_bytes > self._limit_bytes:
            self._make_room()
        return outcome

    def _fresh_items(self, writes: Sequence[Write]) -> list[tuple[Item, timedelta | None]] | None:
        """What the writes make, if each makes something new of its own and all of it fits: so it
        is with a run that is stored once, at its end. Nothing has to be planned then.
        """
        items: list[tuple[Item, timedelta | None]] = []
        room = self._limit_bytes - self.size_bytes
        for write in writes:
            if type(write) is Put:
                key, value, expect, ttl = write
                collection, partition, identifier = key
                found = self._partitions.get((collection, partition))
                if expect != ABSENT or (found is not None and identifier in found.records):
                    return None
                size = RECORD_BYTES + len(partition) + len(identifier) + len(value)
                items.append((StoredRecord(key, value, size), ttl))
            elif type(write) is Append:
                key, entries, length, ttl = write
                if length or not entries or key in self._streams:
                    return None
                size = STREAM_BYTES + len(key.partition) + len(key.id)
                size += sum(map(len, entries)) + STREAM_ENTRY_BYTES * len(entries)
                items.append((StoredStream(key, entries, size), ttl))
            else:
                return None
            room -= size
        if self._evictable_bytes + room < 0 or len({write[0] for write in writes}) < len(items):
            return None
        return items

    def _insert(self, items: list[tuple[Item, timedelta | None]], now: float) -> tuple[int, ...]:
        outcome: list[int] = []
        for item, ttl in items:
            key = item.key
            if isinstance(item, StoredRecord):
                place = (key.collection, key.partition)
                partition = self._partitions.get(place)
                if partition is None:
                    partition = self._partitions[place] = Partition()
                partition.add(item)
                outcome.append(1)
            else:
                self._streams[key] = item
                outcome.append(len(item.entries))
            size = item.size_bytes
            self.size_bytes += size
            if ttl is not None:
                self._evictable_bytes += size
                self._ageing.place(item, now=now, ttl=ttl)
        if self.size_bytes > self._limit_bytes:
            self._make_room()
        return tuple(outcome)

    def _make_room(self) -> None:
        while self.size_bytes > self._limit_bytes:
            self._drop(self._ageing.oldest())

    def _check_room(self, plan: Plan) -> None:
        """Whether evicting all that may go, but for what is written now, would be enough."""
        touched = (
            *(change[0] for change in plan.records.values()),
            *(change.stream for change in plan.streams.values()),
        )
        spared = sum(one.size_bytes for one in touched if one is not None and one.expires_at < inf)
        least = self.size_bytes + plan.growth_bytes - (self._evictable_bytes - spared)
        if least > self._limit_bytes:
            message = (
                "The memory store is full of what may not be evicted. "
                "Raise its limit_bytes, or use a store on disk."
            )
            raise StoreFullError(message)

    def _change_record(self, key: Key, change: RecordChange, now: float) -> None:
        record, version, size, value, ttl = change
        if value is None:
            if record is not None:
                self._drop(record)
            return
        if record is None:
            record = StoredRecord(key)
            place = (key.collection, key.partition)
            partition = self._partitions.get(place)
            if partition is None:
                partition = self._partitions[place] = Partition()
            partition.add(record)
        record.value = value
        record.version = version
        self._weigh(record, size, ttl, now)

    def _change_stream(self, key: Key, change: StreamChange, now: float) -> None:
        stream = change.stream
        if not change.length:
            if stream is not None:
                self._drop(stream)
            return
        if stream is None:
            stream = self._streams[key] = StoredStream(key)
        if change.deleted:
            stream.entries = []
        for position in change.holes:
            stream.entries[position] = HOLE
        stream.entries += change.entries
        if change.keeps_end:
            self._reweigh(stream, change.size_bytes)
        else:
            self._weigh(stream, change.size_bytes, change.time_to_live, now)

    def _weigh(self, item: Item, size: int, ttl: timedelta | None, now: float) -> None:
        """Note the item's weight and its end, which moves it behind all others that may go."""
        self.size_bytes += size - item.size_bytes
        if item.queue is not None:
            self._evictable_bytes -= item.size_bytes
        item.size_bytes = size
        if ttl is None:
            self._ageing.remove(item)
            return
        self._evictable_bytes += size
        self._ageing.place(item, now=now, ttl=ttl)

    def _reweigh(self, item: Item, size: int) -> None:
        """Note the item's weight; its end stays, and its turn among those that may go."""
        grown = size - item.size_bytes
        self.size_bytes += grown
        if item.queue is not None:
            self._evictable_bytes += grown
        item.size_bytes = size

    def _drop(self, item: Item) -> None:
        size, queue = item.size_bytes, item.queue
        self.size_bytes -= size
        if queue is not None:
            self._evictable_bytes -= size
            del queue[item]
            item.queue = None
        if isinstance(item, StoredStream):
            del self._streams[item.key]
            return
        collection, partition, identifier = item.key
        place = (collection, partition)
        found = self._partitions[place]
        found.remove(identifier)
        if not found.records:
            del self._partitions[place]


__all__ = ["Contents"]
