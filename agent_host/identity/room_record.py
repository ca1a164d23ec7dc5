"""Which partitions a person has in rooms, so that all that is theirs can be found again.

A room's partition is computed from the person's key and the room, and nothing leads back from it.
"""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from agent_host.codec import VersionedCodec
from agent_host.identity.person_record import CONTACT_TIME
from agent_host.protocols.clock import Clock
from agent_host.protocols.state_store import StateStore
from agent_host.types.identifier import IsolationKey
from agent_host.types.principal import Owner
from agent_host.types.store import Key, Put

ROOM: Final = "person_room"
"""The collection: by the partition of the person's key, under the room's key."""

NOTE_AFTER: Final = timedelta(days=1)
REMEMBERED: Final = 4096

_CODEC: Final = VersionedCodec("person_room", 1, datetime)


class RoomRecords:
    """Written at most once a day for each person and room; kept as long as a contact is."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._noted: OrderedDict[Owner, float] = OrderedDict()

    async def note(self, person: Owner, in_room: Owner) -> None:
        """The person has this partition in a room."""
        now = self._clock.monotonic()
        noted_at = self._noted.get(in_room)
        if noted_at is not None and now - noted_at < NOTE_AFTER.total_seconds():
            self._noted.move_to_end(in_room)
            return
        key = Key(ROOM, person.partition, in_room.isolation_key)
        record = await self._store.get(key)
        at = self._clock.now()
        if record is None or at - _CODEC.decode(record.value) >= NOTE_AFTER:
            await self._store.commit([Put(key, _CODEC.encode(at), None, CONTACT_TIME)])
        self._noted[in_room] = now
        self._noted.move_to_end(in_room)
        if len(self._noted) > REMEMBERED:
            self._noted.popitem(last=False)

    async def of(
        self, person: Owner, *, after: IsolationKey | None = None, limit: int = 100
    ) -> Sequence[Owner]:
        """A person's partitions in rooms, by key, behind `after`."""
        records = await self._store.scan(ROOM, person.partition, after=after, limit=limit)
        return [
            Owner(tenant=person.tenant, isolation_key=IsolationKey(record.key.id))
            for record in records
        ]


__all__ = ["NOTE_AFTER", "REMEMBERED", "ROOM", "RoomRecords"]
