"""Whose each run is, by its id alone: for operators, who ask about a run and not about an owner.

Callers never come this way: what they send is looked up under their own key.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from agent_host.codec import VersionedCodec
from agent_host.protocols.state_store import StateStore
from agent_host.quarantine import make_out, read_record
from agent_host.types.identifier import IsolationKey, RunId
from agent_host.types.principal import Owner
from agent_host.types.run import Run
from agent_host.types.run_policy import RunPolicy
from agent_host.types.store import ABSENT, Key, Put, Record

COLLECTION: Final = "run_index"
WHOLE: Final = "all"
CODEC: Final = VersionedCodec("run_owner", 1, Owner)


class OwnedRun(NamedTuple):
    """A run's id and whose it is; `owner` is None if the entry was set aside just now."""

    run_id: RunId
    owner: Owner | None


class RunIndex:
    """An entry for every stored run, kept as long as its run is; none where the store forgets all
    with its process, as every request would pay for it.
    """

    def __init__(self, store: StateStore, policy: RunPolicy) -> None:
        self._store = store
        self._durable = store.durable
        self._retention = policy.retention

    def put(self, run: Run, *, version: int) -> Sequence[Put]:
        """The write for a run that is new (`version` 0), or over; none for any other."""
        over = run.status.is_terminal
        if not self._durable or not (over or version == ABSENT):
            return ()
        owner = run.owner
        entry = _encoded(owner.tenant, owner.isolation_key)
        time_to_live = self._retention if over else None
        # That a new one is expected to be new spares the store a look.
        expect = None if version else ABSENT
        return (Put(Key(COLLECTION, WHOLE, run.id), entry, expect, time_to_live),)

    async def owner_of(self, run_id: str) -> Owner | None:
        """Whose run it is."""
        return await read_record(self._store, Key(COLLECTION, WHOLE, run_id), read_owner)

    async def list(self, *, after: str | None, limit: int) -> Sequence[OwnedRun]:
        """Runs of everybody, newest first."""
        found = await self._store.scan(
            COLLECTION, WHOLE, after=after, limit=limit, newest_first=True
        )
        return [
            OwnedRun(
                RunId(record.key.id),
                await make_out(self._store, record, read_owner),
            )
            for record in found
        ]


def read_owner(record: Record) -> Owner:
    """Whose the run of an entry is.

    Raises:
        UnreadableRecordError: the record is damaged or of another version.
    """
    return CODEC.decode(record.value)


@lru_cache(maxsize=4096)
def _encoded(tenant: str, isolation_key: str) -> bytes:
    owner = Owner(tenant=tenant, isolation_key=IsolationKey(isolation_key))
    return CODEC.encode_own(owner)


__all__ = ["OwnedRun", "RunIndex", "read_owner"]
