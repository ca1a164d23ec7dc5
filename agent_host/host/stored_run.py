"""Runs of everybody as they are stored, for operators: of a host, or of the store that one left."""

from typing import Final

from agent_host.errors import NotFoundError, RequestError
from agent_host.host.record.journal_record import COLLECTION as JOURNAL
from agent_host.host.record.run_index import OwnedRun, RunIndex
from agent_host.host.record.run_record import RunRecords
from agent_host.protocols.state_store import StateStore
from agent_host.types.identifier import RUN_PREFIX
from agent_host.types.operator import RunReport
from agent_host.types.page import OPERATOR_PAGE_LIMIT, Page
from agent_host.types.run import Run, RunStatus
from agent_host.types.run_policy import RunPolicy
from agent_host.types.store import Key

LOOKED_AT: Final = 1000
"""Runs that one page looks at, at most, in search of a status."""


class StoredRuns:
    """Reads only. A store that forgets all with its process has no index, and so none of these."""

    def __init__(self, store: StateStore, policy: RunPolicy | None = None) -> None:
        policy = policy or RunPolicy()
        self._store = store
        self._runs = RunRecords(store, policy)
        self._index = RunIndex(store, policy)

    async def list(
        self, *, status: RunStatus | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Run]:
        """See `RunOperator.list`."""
        check_page(cursor, limit)
        found: list[Run] = []
        looked_at = 0
        while looked_at < LOOKED_AT:
            entries = await self._index.list(after=cursor, limit=limit)
            for entry in entries:
                cursor = entry.run_id
                run = await self._run(entry)
                if run is not None and status in (None, run.status):
                    found.append(run)
                    if len(found) == limit:
                        return Page(items=tuple(found), next_cursor=cursor)
            looked_at += len(entries)
            if len(entries) < limit:
                return Page(items=tuple(found), next_cursor=None)
        return Page(items=tuple(found), next_cursor=cursor)

    async def show(self, run_id: str) -> RunReport:
        """One run. Whether a process executes it, this cannot know.

        Raises:
            NotFoundError: there is no such run.
        """
        owner = await self._index.owner_of(run_id)
        kept = None if owner is None else await self._runs.get(owner, run_id)
        if owner is None or kept is None:
            raise NotFoundError("run")
        journal = await self._store.read_last(Key(JOURNAL, owner.partition, run_id), limit=1)
        return RunReport(run=kept[0], events=journal.length, live=False)

    async def _run(self, entry: OwnedRun) -> Run | None:
        if entry.owner is None:
            return None
        kept = await self._runs.get(entry.owner, entry.run_id)
        return None if kept is None else kept[0]


def check_page(cursor: str | None, limit: int) -> None:
    """Refuse what is no page of runs.

    Raises:
        RequestError: the limit or the cursor is none.
    """
    if not 1 <= limit <= OPERATOR_PAGE_LIMIT:
        raise RequestError(f"limit is a number from 1 to {OPERATOR_PAGE_LIMIT}.")
    if cursor is not None and not cursor.startswith(RUN_PREFIX):
        raise RequestError("The cursor is not one that this host gave out.")


__all__ = ["LOOKED_AT", "StoredRuns", "check_page"]
