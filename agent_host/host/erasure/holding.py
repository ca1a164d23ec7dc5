"""Where the store has something of an owner, by the table of collections."""

from collections.abc import AsyncIterator
from typing import Final

from agent_host.host.erasure.collection import COLLECTIONS, Whose
from agent_host.host.record import follow_record, idempotency_record, run_record
from agent_host.host.run import checkpoint
from agent_host.protocols.state_store import StateStore
from agent_host.types.personal import Holding
from agent_host.types.principal import Owner
from agent_host.types.store import Key

_WHOLE: Final = "all"
_PAGE: Final = 100
_LEADS: Final = (
    "session",
    follow_record.COLLECTION,
    idempotency_record.INDEX,
    checkpoint.SCOPES,
    run_record.COLLECTION,
)
"""Collections whose records lead to others, which come before them."""


def _named(whose: Whose) -> tuple[str, ...]:
    return tuple(name for name, one in COLLECTIONS.items() if one is whose)


_OWNED: Final = tuple(name for name in _named(Whose.OWNER) if name not in _LEADS)
_OF_RUNS: Final = _named(Whose.RUN)
_STREAMS: Final = {
    run_record.COLLECTION: _named(Whose.RUN_STREAM),
    "session": _named(Whose.SESSION_STREAM),
}


class StoredHoldings:
    """Reads keys and no values: what cannot be read can be found."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    async def of(self, owner: Owner) -> AsyncIterator[Holding]:
        """All of one owner's partition and what it leads to, in an order to delete it in."""
        for collection in _OWNED:
            async for key in self._scan(collection, owner.partition):
                yield Holding(key)
        for collection in _LEADS:
            async for key in self._scan(collection, owner.partition):
                async for held in self._led_to(key, owner):
                    yield held
                yield Holding(key)

    async def _led_to(self, key: Key, owner: Owner) -> AsyncIterator[Holding]:
        for collection in _STREAMS.get(key.collection, ()):
            stream = Key(collection, owner.partition, key.id)
            if (await self._store.read_last(stream, limit=1)).length:
                yield Holding(stream, is_stream=True)
        records: list[Key] = []
        if key.collection == run_record.COLLECTION:
            records = [Key(collection, _WHOLE, key.id) for collection in _OF_RUNS]
        elif key.collection == follow_record.COLLECTION:
            records = [follow_record.open_key_of(key)]
        elif key.collection == idempotency_record.INDEX:
            records = [idempotency_record.claimed_key(key)]
        elif key.collection == checkpoint.SCOPES:
            partition = checkpoint.scope_partition(owner, key.id)
            async for record in self._scan(checkpoint.COLLECTION, partition):
                yield Holding(record)
        for record in records:
            if await self._store.get(record) is not None:
                yield Holding(record)

    async def _scan(self, collection: str, partition: str) -> AsyncIterator[Key]:
        after: str | None = None
        while page := await self._store.scan(collection, partition, after=after, limit=_PAGE):
            for record in page:
                yield record.key
            after = page[-1].key.id


__all__ = ["StoredHoldings"]
