"""Which stored runs a process carries in its memory alone, so that another can find what it left.

A stored run that is not over is always somebody's: a process's by an entry here, the runner's by a
task, or, while it waits for an answer that any process can take, its question's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from agent_host.codec import VersionedCodec
from agent_host.protocols.state_store import StateStore
from agent_host.quarantine import make_out
from agent_host.types.identifier import RunId
from agent_host.types.principal import Owner
from agent_host.types.store import Delete, Key, Put, Record

COLLECTION: Final = "run_live"
WHOLE: Final = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRun:
    """`instance` names the process."""

    owner: Owner
    instance: str
    since: datetime


class FoundRun(NamedTuple):
    """An entry with the run it is of; `live` is None if the entry was set aside just now."""

    run_id: RunId
    live: LiveRun | None


CODEC: Final = VersionedCodec("live_run", 1, LiveRun)


class LiveRunRecords:
    """Reads and builds the entries of one store."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    @staticmethod
    def put(run_id: RunId, live: LiveRun) -> Put:
        """The write that says: this process executes the run."""
        return Put(Key(COLLECTION, WHOLE, run_id), CODEC.encode_own(live))

    @staticmethod
    def delete(run_id: RunId) -> Delete:
        """The write that says: it is over, or no longer this process's alone."""
        return Delete(Key(COLLECTION, WHOLE, run_id))

    async def list(self, *, after: str | None, limit: int) -> Sequence[FoundRun]:
        """Entries of all processes by run id, which is by age."""
        found = await self._store.scan(COLLECTION, WHOLE, after=after, limit=limit)
        return [
            FoundRun(
                RunId(record.key.id),
                await make_out(self._store, record, read_live_run),
            )
            for record in found
        ]


def read_live_run(record: Record) -> LiveRun:
    """What an entry says.

    Raises:
        UnreadableRecordError: the record is damaged or of another version.
    """
    return CODEC.decode(record.value)


__all__ = ["FoundRun", "LiveRun", "LiveRunRecords", "read_live_run"]
