"""What admin routes are given: everybody's work as an operator may see it, without content."""

from typing import Protocol

from agent_host.types.operator import RunReport
from agent_host.types.page import Page
from agent_host.types.run import Run, RunStatus


class RunOperator(Protocol):
    """Runs of all owners. `NotFoundError` where there is no such run."""

    async def list(
        self, *, status: RunStatus | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Run]:
        """Newest first. With a `status` a page may have fewer than `limit`, even none, and still
        a cursor: a bounded number of runs is looked at for each.

        Raises:
            RequestError: the limit or the cursor is none.
        """
        ...

    async def show(self, run_id: str) -> RunReport:
        """One run."""
        ...

    async def cancel(self, run_id: str) -> Run:
        """Ask it to stop, and give it the grace to do so.

        Raises:
            NotCancellableError: it is over.
        """
        ...


__all__ = ["RunOperator"]
