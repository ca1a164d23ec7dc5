"""Runs of everybody, for whoever operates the host. Callers never reach this."""

from collections.abc import Callable
from typing import Final

from agent_host.errors import NotFoundError
from agent_host.host.run.engine import RunEngine
from agent_host.host.run.part import EngineParts
from agent_host.host.run.reader import RunReader
from agent_host.host.stored_run import StoredRuns, check_page
from agent_host.types.identifier import RunId
from agent_host.types.operator import RunReport
from agent_host.types.page import Page
from agent_host.types.principal import Owner
from agent_host.types.run import Run, RunStatus

REASON: Final = "operator"


class HostRunOperator:
    """The `RunOperator` of one host. Where the store forgets all with its process, it knows the
    runs that go on, and no others.
    """

    def __init__(
        self, parts: EngineParts, *, engine: RunEngine, reader_of: Callable[[Owner], RunReader]
    ) -> None:
        self._parts = parts
        self._engine = engine
        self._reader_of = reader_of
        self._stored = StoredRuns(parts.store, parts.policy)

    async def list(
        self, *, status: RunStatus | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Run]:
        """Newest first."""
        if self._parts.store.durable:
            return await self._stored.list(status=status, cursor=cursor, limit=limit)
        check_page(cursor, limit)
        return self._list_live(status, cursor, limit)

    async def show(self, run_id: str) -> RunReport:
        """One run."""
        owner = await self._owner_of(run_id)
        hosted = await self._reader_of(owner).get(run_id)
        events = await self._parts.journals.length(owner, run_id)
        live = RunId(run_id) in self._engine.live
        return RunReport(run=hosted.run, events=events, live=live)

    async def cancel(self, run_id: str) -> Run:
        """Ask it to stop."""
        owner = await self._owner_of(run_id)
        return await self._reader_of(owner).cancel(run_id, reason=REASON)

    async def _owner_of(self, run_id: str) -> Owner:
        execution = self._engine.live.get(RunId(run_id))
        if execution is not None:
            return execution.ledger.run.owner
        owner = await self._parts.run_index.owner_of(run_id)
        if owner is None:
            raise NotFoundError("run")
        return owner

    def _list_live(self, status: RunStatus | None, cursor: str | None, limit: int) -> Page[Run]:
        runs = sorted(
            (execution.ledger.run for execution in self._engine.live.values()),
            key=lambda run: run.id,
            reverse=True,
        )
        wanted = [
            run
            for run in runs
            if status in (None, run.status) and (cursor is None or run.id < cursor)
        ]
        more = len(wanted) > limit
        page = wanted[:limit]
        return Page(items=tuple(page), next_cursor=page[-1].id if more else None)


__all__ = ["HostRunOperator"]
