"""A run's journal as a stream: position in the stream is the event's sequence number.

What stands where an entry cannot be read is said by `agent_host.host.run.journal`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from agent_host.codec import VersionedCodec
from agent_host.errors import UnreadableRecordError
from agent_host.host.file.keeper import FileKeeper
from agent_host.host.file.part import CARRIERS, change_event, without_bytes
from agent_host.host.record.plain import plain_event_fields
from agent_host.protocols.state_store import StateStore
from agent_host.quarantine import make_out_entry
from agent_host.types.event import JournalEntry
from agent_host.types.identifier import RunId
from agent_host.types.principal import Owner
from agent_host.types.run_policy import RunPolicy
from agent_host.types.store import Append, Key, StreamEntry, StreamSlice

COLLECTION = "journal"
CODEC = VersionedCodec("journal_entry", 1, JournalEntry)


class JournalRecords:
    """Reads and builds journal entries."""

    def __init__(self, store: StateStore, policy: RunPolicy, files: FileKeeper) -> None:
        self._store = store
        self._files = files
        self._retention = policy.retention

    @staticmethod
    def encode(entry: JournalEntry) -> bytes:
        """The entry as stored."""
        event = plain_event_fields(entry.event)
        if event is None:
            return CODEC.encode(_without_bytes(entry))
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
    ) -> Sequence[JournalEntry | None]:
        """Entries from sequence `start` on; None for each that cannot be made sense of."""
        key = Key(COLLECTION, owner.partition, run_id)
        return await self._entries(
            owner, key, await self._store.read(key, start=start, limit=limit)
        )

    async def read_last(self, owner: Owner, run_id: str) -> tuple[int, JournalEntry | None] | None:
        """The newest entry and its sequence, if there is any."""
        key = Key(COLLECTION, owner.partition, run_id)
        found = await self._store.read_last(key, limit=1)
        entries = await self._entries(owner, key, found)
        return (found.first, entries[0]) if entries else None

    async def length(self, owner: Owner, run_id: str) -> int:
        """How many entries there are."""
        key = Key(COLLECTION, owner.partition, run_id)
        return (await self._store.read_last(key, limit=1)).length

    async def wait(self, owner: Owner, run_id: str, *, length: int, at_most: timedelta) -> bool:
        """Block until there are more than `length` entries; whether there are."""
        key = Key(COLLECTION, owner.partition, run_id)
        return await self._store.wait(key, length=length, at_most=at_most)

    async def _entries(
        self, owner: Owner, key: Key, found: StreamSlice
    ) -> list[JournalEntry | None]:
        entries: list[JournalEntry | None] = []
        for position, value in enumerate(found.entries, start=found.first):
            at = StreamEntry(key, position, value)
            entry = await make_out_entry(self._store, at, read_entry)
            entries.append(None if entry is None else await self._restored(owner, entry))
        return entries

    async def _restored(self, owner: Owner, entry: JournalEntry) -> JournalEntry:
        if type(entry.event) not in CARRIERS:
            return entry
        event = await self._files.restore_event(owner, entry.event)
        return entry if event is entry.event else replace(entry, event=event)


def read_entry(stored: StreamEntry) -> JournalEntry:
    """The journal entry of a stream's entry.

    Raises:
        UnreadableRecordError: it is damaged, of another version, or another's.
    """
    entry = CODEC.decode(stored.value)
    if entry.sequence != stored.position:
        message = "A stored journal entry is not the one of its place."
        raise UnreadableRecordError(message)
    return entry


def _without_bytes(entry: JournalEntry) -> JournalEntry:
    event = change_event(entry.event, without_bytes)
    return entry if event is entry.event else replace(entry, event=event)


__all__ = ["JournalRecords", "read_entry"]
