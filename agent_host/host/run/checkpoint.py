"""What a turn is given to keep its target's progress in: the store, narrowed to one owner."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from agent_host.errors import UnreadableRecordError
from agent_host.protocols.state_store import StateStore
from agent_host.quarantine import set_aside
from agent_host.types.checkpoint import Checkpoint
from agent_host.types.principal import Owner
from agent_host.types.store import Delete, Key, Put, Record
from agent_host.types.target import TargetCapabilities

COLLECTION = "checkpoint"
SCOPES = "checkpoint_scope"
"""Which scopes an owner has, since a scan finds records by their scope only."""

PAGE = 200


class OwnedCheckpoints:
    """The `Checkpoints` of one owner."""

    __slots__ = ("_owner", "_store", "_time_to_live")

    def __init__(self, store: StateStore, owner: Owner, time_to_live: timedelta) -> None:
        self._store = store
        self._owner = owner
        self._time_to_live = time_to_live

    async def get(self, scope: str, name: str) -> bytes | None:
        """One record."""
        record = await self._store.get(Key(COLLECTION, scope_partition(self._owner, scope), name))
        return None if record is None else record.value

    async def put(self, scope: str, values: Mapping[str, bytes]) -> None:
        """Write all of them, or none."""
        partition = scope_partition(self._owner, scope)
        listed = Key(SCOPES, self._owner.partition, scope)
        await self._store.commit(
            [
                Put(listed, b"", None, self._time_to_live),
                *(
                    Put(Key(COLLECTION, partition, name), value, None, self._time_to_live)
                    for name, value in values.items()
                ),
            ]
        )

    async def list(
        self, scope: str, *, after: str | None = None, limit: int = 100, newest_first: bool = False
    ) -> Sequence[Checkpoint]:
        """Records in order."""
        records = await self._store.scan(
            COLLECTION,
            scope_partition(self._owner, scope),
            after=after,
            limit=limit,
            newest_first=newest_first,
        )
        return [Checkpoint(record.key.id, record.value) for record in records]

    async def set_aside(
        self, scope: str, found: Sequence[Checkpoint], error: UnreadableRecordError
    ) -> None:
        """In one step, or not at all."""
        partition = scope_partition(self._owner, scope)
        records: list[Record] = []
        for name, value in found:
            record = await self._store.get(Key(COLLECTION, partition, name))
            if record is None or record.value != value:
                return  # somebody else saw to it, or wrote another
            records.append(record)
        if records:
            await set_aside(self._store, records, error)

    async def delete(self, scope: str) -> None:
        """Forget all of the scope."""
        partition = scope_partition(self._owner, scope)
        while records := await self._store.scan(COLLECTION, partition, limit=PAGE):
            await self._store.commit([Delete(record.key) for record in records])
        await self._store.commit([Delete(Key(SCOPES, self._owner.partition, scope))])


def scope_partition(owner: Owner, scope: str) -> str:
    """Where the records of a scope are. Length-prefixed, so that no owner and scope make up
    another's.
    """
    return f"{len(owner.partition)}.{owner.partition}.{scope}"


def capabilities_on(target: TargetCapabilities, store: StateStore) -> TargetCapabilities:
    """What the engine may count on with this store: a target with checkpoints goes on after a
    question, or a crash, in any process, where the store outlives this one; elsewhere it is given
    none.
    """
    if not target.checkpoints:
        return target
    if not store.durable:
        return replace(target, checkpoints=False)
    return replace(target, resumes=True)


__all__ = ["COLLECTION", "SCOPES", "OwnedCheckpoints", "capabilities_on", "scope_partition"]
