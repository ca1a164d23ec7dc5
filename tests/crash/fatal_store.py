"""The store on disk, whose process is killed at a commit that makes a chosen step."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from agent_host.stores.disk import DiskStateStore
from agent_host.testing.deadly_store import die
from agent_host.testing.store_double import SeverableStore
from agent_host.types import Lease, Write
from tests.crash.death import Reaper
from tests.crash.journal import Journal
from tests.crash.step import steps_of

_TURNS: Final = 3
"""Of the event loop, until the store's threads have been asked."""


class FatalStore(SeverableStore):
    """`within` kills while the commit is under way: it may be done, or not. The journal is told of
    runs once their end is stored, and of an event whose key and work are not stored at once.
    """

    def __init__(self, folder: Path, *, reaper: Reaper, journal: Journal) -> None:
        self._disk = DiskStateStore(folder)
        super().__init__(self._disk)
        self._reaper = reaper
        self._journal = journal

    async def __aenter__(self) -> Self:
        await self._disk.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._disk.__aexit__(exc_type, exc_value, traceback)

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        made, ended = steps = steps_of(writes)
        if steps.is_torn:
            self._journal.note("torn")
        if self._reaper.is_at("before", made):
            die()
        if self._reaper.is_at("within", made):
            async with asyncio.TaskGroup() as group:
                group.create_task(super().commit(writes, fence=fence))
                for _ in range(_TURNS):
                    await asyncio.sleep(0)
                die()
        done = await super().commit(writes, fence=fence)
        if self._reaper.is_at("after", made):
            die()
        for run in ended:
            self._journal.note("recorded", run.id)
        return done


__all__ = ["FatalStore"]
