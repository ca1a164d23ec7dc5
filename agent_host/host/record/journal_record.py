"""A run's journal as a stream: position in the stream is the event's sequence number."""

from collections.abc import Sequence
from datetime import timedelta

from agent_host.codec import VersionedCodec
from agent_host.host.record.plain import plain_event_fields
from agent_host.protocols.state_store import StateStore
from agent_host.types.event import JournalEntry
from agent_host.types.identifier import RunId
from agent_host.types.principal import Owner
from agent_host.types.run_policy import RunPolicy
from agent_host.types.store import Append, Key

COLLECTION = "journal"
CODEC = VersionedCodec("journal_entry", 1, JournalEntry)


class JournalRecords:
    """Reads and builds journal entries."""

    def __init__(self, store: StateStore, policy: RunPolicy) -> None:
        self._store = store
        self._retention = policy.retention

    @staticmethod
    def encode(entry: JournalEntry) -> bytes:
        """The entry as stored."""
        event = plain_event_fields(entry.event)
        if event is None:
            return CODEC.encode(entry)
        return CODEC.encode_own(entry, {"sequence": entry.sequence, "at": entry.at, "event": event})

    def append(
        self, owner: Owner, run_id: RunId, entries: Sequence[bytes], *, expect: int, last: bool
    ) -> Append:
        """The write that adds encoded entries behind the `expect` there are; `last` is the end."""
        return Append(
            Key(COLLECTION, owner.partition, run_id),
            tuple(entries),
            expect,
            self._retention if last else None,
        )

    async def read(
        self, owner: Owner, run_id: str, *, start: int, limit: int = 256
    ) -> Sequence[JournalEntry]:
        """Entries from sequence `start` on."""
        key = Key(COLLECTION, owner.partition, run_id)
        found = await self._store.read(key, start=start, limit=limit)
        return [CODEC.decode(entry) for entry in found.entries]

    async def read_last(self, owner: Owner, run_id: str) -> JournalEntry | None:
        """The newest entry."""
        key = Key(COLLECTION, owner.partition, run_id)
        found = await self._store.read_last(key, limit=1)
        return CODEC.decode(found.entries[0]) if found.entries else None

    async def length(self, owner: Owner, run_id: str) -> int:
        """How many entries there are."""
        key = Key(COLLECTION, owner.partition, run_id)
        return (await self._store.read_last(key, limit=1)).length

    async def wait(self, owner: Owner, run_id: str, *, length: int, at_most: timedelta) -> bool:
        """Block until there are more than `length` entries; whether there are."""
        key = Key(COLLECTION, owner.partition, run_id)
        return await self._store.wait(key, length=length, at_most=at_most)


__all__ = ["JournalRecords"]
