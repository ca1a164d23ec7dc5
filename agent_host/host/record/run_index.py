"""Whose each run is, by its id alone: for operators, who ask about a run and not about an owner.

Callers never come this way: what they send is looked up under their own key.
"""

import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from agent_host.codec import VersionedCodec
from agent_host.errors import UnreadableRecordError
from agent_host.protocols.state_store import StateStore
from agent_host.types.identifier import IsolationKey, RunId
from agent_host.types.principal import Owner
from agent_host.types.run import Run
from agent_host.types.run_policy import RunPolicy
from agent_host.types.store import ABSENT, Key, Put, Record

logger = logging.getLogger(__name__)

COLLECTION: Final = "run_index"
WHOLE: Final = "all"
CODEC: Final = VersionedCodec("run_owner", 1, Owner)


class OwnedRun(NamedTuple):
    """A run's id and whose it is; `owner` is None if the entry cannot be read."""

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
        return (Put(Key(COLLECTION, WHOLE, run.id), entry, None, time_to_live),)

    async def owner_of(self, run_id: str) -> Owner | None:
        """Whose run it is."""
        record = await self._store.get(Key(COLLECTION, WHOLE, run_id))
        return None if record is None else CODEC.decode(record.value)

    async def list(self, *, after: str | None, limit: int) -> Sequence[OwnedRun]:
        """Runs of everybody, newest first."""
        found = await self._store.scan(
            COLLECTION, WHOLE, after=after, limit=limit, newest_first=True
        )
        return [_read(record) for record in found]


def _read(record: Record) -> OwnedRun:
    run_id = RunId(record.key.id)
    try:
        return OwnedRun(run_id, CODEC.decode(record.value))
    except UnreadableRecordError as error:
        # The others must still be listed.
        logger.error("run %s cannot be listed: %s", run_id, error)  # noqa: TRY400
        return OwnedRun(run_id, None)


@lru_cache(maxsize=4096)
def _encoded(tenant: str, isolation_key: str) -> bytes:
    owner = Owner(tenant=tenant, isolation_key=IsolationKey(isolation_key))
    return CODEC.encode_own(owner)


__all__ = ["OwnedRun", "RunIndex"]
