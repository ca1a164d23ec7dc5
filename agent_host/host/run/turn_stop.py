"""Finds the turns that go on for somebody, and stops them: for people, who know no run's id."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

from agent_host.errors import NotCancellableError, NotFoundError
from agent_host.host.run.engine import CLOSE_LIMIT, RunEngine
from agent_host.host.run.part import EngineParts
from agent_host.host.run.reader import RunReader
from agent_host.protocols.host_context import RunView, SessionView
from agent_host.types.identifier import RunId, SessionId
from agent_host.types.principal import Owner
from agent_host.types.run import Run, RunStatus

_LOOKED_AT: Final = 100
"""Stored runs that are looked at, the newest: one that goes on is among them."""


class TurnStop:
    """Owner-scoped, as everything that a caller reaches."""

    def __init__(
        self,
        parts: EngineParts,
        *,
        engine: RunEngine,
        reader_of: Callable[[Owner], RunReader],
    ) -> None:
        self._parts = parts
        self._engine = engine
        self._reader_of = reader_of

    async def stop(
        self, owner: Owner, session: str | None, *, runs: RunView, sessions: SessionView
    ) -> tuple[Run | None, int]:
        """Cancel the turn at the front of the session, without one the owner's oldest that is not
        over. What became of it, None if there was none, and how many wait behind it.
        """
        session_id: SessionId | None = None
        if session is not None:
            try:
                session_id = (await sessions.get(session, limit=1)).session.id
            except NotFoundError:
                return None, 0
        unfinished = await self._unfinished(owner, runs, session_id)
        for position, run_id in enumerate(unfinished):
            try:
                run = await runs.cancel(run_id)
            except (NotCancellableError, NotFoundError):
                continue  # it ended while we looked
            return run, len(unfinished) - position - 1
        return None, 0

    async def stop_all(self, owner: Owner, *, reason: str) -> None:
        """Cancel whatever goes on, and wait within the grace until nothing of it writes."""
        reader = self._reader_of(owner)
        for run_id in await self._unfinished(owner, reader, None):
            with suppress(NotCancellableError, NotFoundError):
                await reader.cancel(run_id, reason=reason)
        # A target that ignores its cancellation is left behind after a while, and cannot write.
        grace = 2 * self._parts.policy.cancel_grace + CLOSE_LIMIT
        with suppress(TimeoutError):
            async with asyncio.timeout(grace.total_seconds()):
                for execution in list(self._engine.live.values()):
                    if execution.ledger.run.owner == owner:
                        await execution.done.wait()

    async def _unfinished(
        self, owner: Owner, runs: RunView, session_id: SessionId | None
    ) -> list[RunId]:
        """The oldest first, which of one session is the one that has its turn; those that wait for
        theirs behind all others.
        """
        for execution in list(self._engine.live.values()):
            if execution.ledger.run.owner == owner:
                await execution.store()  # a young run may not be stored yet
        page = await runs.list(limit=_LOOKED_AT)
        found = [
            run
            for run in page.items
            if not run.status.is_terminal and session_id in (None, run.session_id)
        ]
        # Ids of one millisecond are in no order.
        return [run.id for run in sorted(found, key=_age)]


def _age(run: Run) -> tuple[bool, datetime, str]:
    return run.status is RunStatus.QUEUED, run.created_at, run.id


__all__ = ["TurnStop"]
