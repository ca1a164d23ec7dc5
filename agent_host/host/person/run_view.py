"""Runs of a person with linked identities."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from heapq import merge

from agent_host.host.person.holding import Holding
from agent_host.host.person.search import first_found
from agent_host.host.run.reader import RunReader
from agent_host.types.event import JournalEntry
from agent_host.types.json import JsonValue
from agent_host.types.page import Page
from agent_host.types.principal import Owner
from agent_host.types.run import HostedResult, Run


class HeldRuns:
    """The `RunView` of a person: their own runs, and those from before they linked. A run goes on
    where it is, also when it is answered or cancelled from elsewhere.
    """

    def __init__(self, holding: Holding, reader_of: Callable[[Owner], RunReader]) -> None:
        self._holding = holding
        self._reader_of = reader_of

    async def get(self, run_id: str) -> HostedResult:
        """The run, with its result once it has completed."""
        return await first_found(self._holding, lambda owner: self._reader_of(owner).get(run_id))

    async def list(self, *, cursor: str | None = None, limit: int = 50) -> Page[Run]:
        """Newest first, of all partitions together: ids sort by age."""
        own = await self._reader_of(self._holding.owner).list(cursor=cursor, limit=limit)
        others = await self._holding.others()
        if not others:
            return own
        pages = [own]
        pages += [await self._reader_of(owner).list(cursor=cursor, limit=limit) for owner in others]
        runs = list(merge(*(page.items for page in pages), key=lambda run: run.id, reverse=True))
        shown = runs[:limit]
        more = len(runs) > limit or any(page.next_cursor is not None for page in pages)
        return Page(items=tuple(shown), next_cursor=shown[-1].id if more and shown else None)

    async def events(self, run_id: str, *, after: int = -1) -> AsyncIterator[JournalEntry]:
        """Replay what is behind `after`, then follow."""
        owner = (await self.get(run_id)).run.owner
        async for entry in self._reader_of(owner).events(run_id, after=after):
            yield entry

    async def entries(self, run_id: str) -> Sequence[JournalEntry]:
        """All that there is by now."""
        return await first_found(
            self._holding, lambda owner: self._reader_of(owner).entries(run_id)
        )

    async def cancel(self, run_id: str) -> Run:
        """Ask the run to stop."""
        return await first_found(self._holding, lambda owner: self._reader_of(owner).cancel(run_id))

    async def answer(self, run_id: str, values: Mapping[str, JsonValue]) -> Run:
        """Answer every open question."""
        return await first_found(
            self._holding, lambda owner: self._reader_of(owner).answer(run_id, values)
        )


__all__ = ["HeldRuns"]
