"""Lanes: tasks that run one after the other, in the order they were scheduled.

Only the first of a lane is in the queue; when it leaves, the next takes its place there.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from agent_host.protocols.state_store import StateStore
from agent_host.quarantine import read_record
from agent_host.runner.task_record import (
    LANES,
    StoredTask,
    behind_entry,
    changed,
    put_entry,
    put_task,
    read_task,
    task_id_of,
    task_key,
)
from agent_host.runner.timeline import Timeline
from agent_host.types.store import Delete, Key, Record, Write
from agent_host.types.task import TaskStatus

_PAGE: Final = 16


@dataclass(slots=True)
class _Turnstile:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


@dataclass(slots=True)
class Promotion:
    """Writes that queue the next task of a lane, and that task as they leave it."""

    writes: list[Write] = field(default_factory=list[Write])
    stored: StoredTask | None = None


class Lanes:
    """Who is first in each lane. One process owns the store, so a lock here keeps them in step."""

    def __init__(self, store: StateStore, timeline: Timeline) -> None:
        self._store = store
        self._timeline = timeline
        self._turnstiles: dict[str, _Turnstile] = {}

    @asynccontextmanager
    async def held(self, lane: str) -> AsyncGenerator[None, None]:
        """Nobody else looks at or changes the lane."""
        turnstile = self._turnstiles.setdefault(lane, _Turnstile())
        turnstile.users += 1
        try:
            async with turnstile.lock:
                yield
        finally:
            turnstile.users -= 1
            if not turnstile.users:
                del self._turnstiles[lane]

    async def is_empty(self, lane: str) -> bool:
        """Whether a task that joins now is the first. Call it while the lane is held."""
        return not await self._store.scan(LANES, lane, limit=1)

    async def promotion(self, place: Key) -> Promotion:
        """What must be written as the task of this place leaves. Call it while the lane is held.

        The next is due now at the earliest, so that a long lane goes behind what waits already.
        """
        promotion = Promotion()
        after: str | None = None
        while page := await self._store.scan(LANES, place.partition, after=after, limit=_PAGE):
            if after is None and page[0].key != place:
                return promotion
            for entry in page if after is not None else page[1:]:
                following = await self._readable(entry)
                promotion.writes.append(Delete(behind_entry(entry.key)))
                if following is None:
                    promotion.writes.append(Delete(entry.key))
                    continue
                due_at = max(following.task.due_at, self._timeline.now())
                task = changed(following.task, TaskStatus.SCHEDULED, due_at=due_at)
                following = following.succeeded_by(task)
                promotion.writes += (put_task(following), put_entry(following))
                promotion.stored = following
                return promotion
            after = page[-1].key.id
        return promotion

    async def _readable(self, entry: Record) -> StoredTask | None:
        return await read_record(self._store, task_key(task_id_of(entry)), read_task)


__all__ = ["Lanes", "Promotion"]
