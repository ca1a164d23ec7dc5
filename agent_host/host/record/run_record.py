"""Run records: one per run, partitioned by owner, so that a foreign id is simply not there."""

from agent_host.codec import VersionedCodec
from agent_host.errors import RequestError
from agent_host.protocols.state_store import StateStore
from agent_host.quarantine import make_out_all, read_record
from agent_host.types.identifier import RUN_PREFIX
from agent_host.types.page import Page
from agent_host.types.principal import Owner
from agent_host.types.run import Run
from agent_host.types.run_policy import RunPolicy
from agent_host.types.store import Key, Put, Record

COLLECTION = "run"
CODEC = VersionedCodec("run", 1, Run)


class RunRecords:
    """Reads and builds run records. A finished run lives for the policy's retention."""

    def __init__(self, store: StateStore, policy: RunPolicy) -> None:
        self._store = store
        self._retention = policy.retention

    def put(self, run: Run, *, expect: int) -> Put:
        """The write for this state of the run, which must be at version `expect` now."""
        return Put(
            Key(COLLECTION, run.owner.partition, run.id),
            _encode(run),
            expect,
            self._retention if run.status.is_terminal else None,
        )

    async def get(self, owner: Owner, run_id: str) -> tuple[Run, int] | None:
        """The owner's run and its version."""
        key = Key(COLLECTION, owner.partition, run_id)
        return await read_record(self._store, key, read_run)

    async def is_over(self, owner: Owner, run_id: str) -> bool:
        """Whether the run is stored with its end."""
        found = await self.get(owner, run_id)
        return found is not None and found[0].status.is_terminal

    async def list(self, owner: Owner, *, cursor: str | None, limit: int) -> Page[Run]:
        """The owner's runs, newest first. The cursor is the last id of the page before."""
        if cursor is not None and not cursor.startswith(RUN_PREFIX):
            message = "The cursor is not one that this host gave out."
            raise RequestError(message)
        records = await self._store.scan(
            COLLECTION, owner.partition, after=cursor, limit=limit + 1, newest_first=True
        )
        shown = records[:limit]
        runs = tuple(run for run, _ in await make_out_all(self._store, shown, read_run))
        more = len(records) > limit
        return Page(items=runs, next_cursor=shown[-1].key.id if more else None)


def read_run(record: Record) -> tuple[Run, int]:
    """The run of a record, and its version.

    Raises:
        UnreadableRecordError: the record is damaged or of another version.
    """
    return CODEC.decode(record.value), record.version


def _encode(run: Run) -> bytes:
    # What a caller or a target sent may hold what the short way does not write faithfully.
    if run.metadata or run.questions:
        return CODEC.encode(run)
    return CODEC.encode_own(run, _fields(run))


def _fields(run: Run) -> dict[str, object]:
    return {
        "id": run.id,
        "owner": {"tenant": run.owner.tenant, "isolation_key": run.owner.isolation_key},
        "status": run.status.value,
        "created_at": run.created_at,
        "updated_at": run.updated_at,
        "channel": run.channel,
        "operation": run.operation,
        "session_id": run.session_id,
        "background": run.background,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "attempt": run.attempt,
        "failure": run.failure,
        "questions": run.questions,
        "metadata": run.metadata,
    }


__all__ = ["RunRecords", "read_run"]
