"""Which partitions were made of a person's: theirs in a room, or where a platform speaks for them.

Their keys are hashes, so that nothing else leads from the person to them.
"""

from datetime import timedelta
from typing import Final

from agent_host.protocols.state_store import StateStore
from agent_host.types.identifier import IsolationKey
from agent_host.types.principal import Owner
from agent_host.types.run_policy import RunPolicy
from agent_host.types.session import SessionPolicy
from agent_host.types.store import Key, Put

COLLECTION: Final = "partition"
_PAGE: Final = 200


class PartitionRecords:
    """An entry lives as long as the newest of what a turn leaves in its partition can."""

    def __init__(self, store: StateStore, *, runs: RunPolicy, sessions: SessionPolicy) -> None:
        self._store = store
        self._time_to_live: timedelta = (
            max(runs.retention, sessions.time_to_live) + runs.time_limit + runs.answer_time_limit
        )

    def put(self, person: Owner, partition: IsolationKey) -> Put:
        """The write that says: something of this person is there."""
        return Put(Key(COLLECTION, person.partition, partition), b"", None, self._time_to_live)

    async def of(self, person: Owner) -> list[Owner]:
        """The partitions made of this person's."""
        found: list[Owner] = []
        after: str | None = None
        while page := await self._store.scan(
            COLLECTION, person.partition, after=after, limit=_PAGE
        ):
            after = page[-1].key.id
            found += [
                Owner(tenant=person.tenant, isolation_key=IsolationKey(record.key.id))
                for record in page
            ]
        return found


__all__ = ["COLLECTION", "PartitionRecords"]
