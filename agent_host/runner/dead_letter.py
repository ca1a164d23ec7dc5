"""Dead letters: listed, replayed and purged by pages, so that thousands of them stall nothing."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Final

from agent_host.errors import ConflictError
from agent_host.protocols.state_store import StateStore
from agent_host.runner.task_book import TaskBook
from agent_host.runner.task_order import TaskOrder
from agent_host.runner.task_record import (
    GRAVES,
    KIND_GRAVES,
    WHOLE,
    StoredTask,
    grave_id,
    task_id_of,
)
from agent_host.runner.timeline import Timeline
from agent_host.types.identifier import TaskId
from agent_host.types.page import Page
from agent_host.types.store import Record
from agent_host.types.task import Task, TaskStatus

_PAGE: Final = 100


class DeadLetters:
    """The tasks that were given up."""

    def __init__(
        self, store: StateStore, *, book: TaskBook, order: TaskOrder, timeline: Timeline
    ) -> None:
        self._store = store
        self._book = book
        self._order = order
        self._timeline = timeline

    async def page(self, kind: str | None, *, after: str | None, limit: int) -> Page[Task]:
        """One page of them, those first that were given up first."""
        graves = await self._graves(kind, after=after, limit=limit + 1)
        found = [await self._find(grave) for grave in graves[:limit]]
        return Page(
            items=tuple(dead.task for dead in found if dead is not None),
            next_cursor=graves[limit - 1].key.id if len(graves) > limit else None,
        )

    async def replay(self, task_id: TaskId) -> bool:
        """Schedule one again; whether it was there."""
        stored = await self._book.find(task_id)
        return stored is not None and await self._revive(stored)

    async def replay_all(self, kind: str | None) -> int:
        """Schedule again those that there are now; how many."""
        last = await self._graves(kind, limit=1, newest_first=True)
        if not last:
            return 0
        replayed = 0
        async for dead in self._until(last[0].key.id, kind):
            replayed += await self._revive(dead)
        return replayed

    async def purge(self, task_id: TaskId) -> bool:
        """Forget one; whether it was there."""
        stored = await self._book.find(task_id)
        return stored is not None and await self._forget(stored)

    async def purge_all(self, kind: str | None, *, older_than: timedelta) -> int:
        """Forget those that were given up this long ago; how many."""
        moment = timedelta(microseconds=1)  # what was given up just then goes too
        last = grave_id(self._timeline.now() - older_than + moment, order=0)
        purged = 0
        async for dead in self._until(last, kind):
            purged += await self._forget(dead)
        return purged

    async def _until(self, last: str, kind: str | None) -> AsyncIterator[StoredTask]:
        """Those up to this place in the list, which may be taken out of it meanwhile."""
        after: str | None = None
        while graves := await self._graves(kind, after=after, limit=_PAGE):
            for grave in graves:
                if grave.key.id > last:
                    return
                dead = await self._find(grave)
                if dead is not None:
                    yield dead
            after = graves[-1].key.id

    async def _graves(
        self,
        kind: str | None,
        *,
        limit: int,
        after: str | None = None,
        newest_first: bool = False,
    ) -> Sequence[Record]:
        collection, partition = (GRAVES, WHOLE) if kind is None else (KIND_GRAVES, kind)
        return await self._store.scan(
            collection, partition, after=after, limit=limit, newest_first=newest_first
        )

    async def _find(self, grave: Record) -> StoredTask | None:
        stored = await self._book.find(task_id_of(grave))
        return stored if stored is not None and stored.task.status is TaskStatus.DEAD else None

    async def _revive(self, dead: StoredTask) -> bool:
        if dead.task.status is not TaskStatus.DEAD:
            return False
        turn = self._order.take()
        try:
            await self._book.revive(dead, turn)
        except ConflictError:
            return False  # another replayed or purged it
        self._order.written(turn)
        return True

    async def _forget(self, dead: StoredTask) -> bool:
        if dead.task.status is not TaskStatus.DEAD:
            return False
        try:
            await self._book.forget(dead)
        except ConflictError:
            return False
        return True


__all__ = ["DeadLetters"]
