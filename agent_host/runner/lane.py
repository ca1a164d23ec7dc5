"""Lanes: tasks that run one after the other, in the order they were scheduled.

Only the first of a lane is in the queue; when it leaves, the next takes its place there.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from agent_host.protocols.state_store import StateStore
from agent_host.quarantine import read_record
from agent_host.runner.lane_memory import LaneMemory
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
class Promotion:
    """Writes that take a task out of its lane and queue the next, and that as they leave it."""

    writes: list[Write] = field(default_factory=list[Write])
    stored: StoredTask | None = None


class _Turnstile:
    """Lets one into a lane, and then those who wait, in their order. What `asyncio.Lock` does, but
    nothing is made for the one who finds nobody there, which is the rule.
    """

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def queue_up(self) -> "asyncio.Future[None]":
        """Done when it is this one's turn."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        return turn

    def call_next(self) -> bool:
        """Let in whoever waits longest; whether there is anybody."""
        while self._waiting:
            turn = self._waiting.pop(0)
            if not turn.done():  # it was cancelled otherwise
                turn.set_result(None)
                return True
        return False


class Lanes:
    """Who is first in each lane. One process owns the store, so a lock here keeps them in step, and
    what `memory` knows of them holds.
    """

    def __init__(self, store: StateStore, timeline: Timeline) -> None:
        self.store = store
        self.timeline = timeline
        self.memory = LaneMemory(store)
        self.begun: set[str] = set()
        """Lanes whose first task is not listed, and so has no place in them."""
        self.turnstiles: dict[str, _Turnstile] = {}

    def is_free(self, lane: str) -> bool:
        """Whether it is known that nobody is in it, or at it."""
        is_open = lane not in self.begun and lane not in self.turnstiles
        return is_open and self.memory.is_empty(lane)

    def held(self, lane: str) -> "HeldLane":
        """Enter it, and nobody else looks at or changes the lane."""
        return HeldLane(self, lane)


class HeldLane:
    """A lane that nobody else looks at or changes. Say `joined` or `left` when that is committed;
    what ends otherwise leaves the lane to be looked into next time.
    """

    __slots__ = ("_lane", "_lanes")

    def __init__(self, lanes: Lanes, lane: str) -> None:
        self._lanes = lanes
        self._lane = lane

    async def __aenter__(self) -> Self:
        turnstile = self._lanes.turnstiles.get(self._lane)
        if turnstile is None:
            self._lanes.turnstiles[self._lane] = _Turnstile()
            return self
        turn = turnstile.queue_up()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was let in at the same moment
                self._leave()
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_value is not None:
            self._lanes.memory.doubt(self._lane)
        self._leave()

    async def is_empty(self) -> bool:
        """Whether a task that joins now is the first."""
        if self._lane in self._lanes.begun:
            return False
        size = self._lanes.memory.size(self._lane)
        if size is not None:
            return not size
        if await self._lanes.store.scan(LANES, self._lane, limit=1):
            return False
        self._lanes.memory.set_size(self._lane, 0)
        return True

    async def promotion(self, place: Key) -> Promotion:
        """What must be written as the task of this place leaves."""
        promotion = Promotion([Delete(place)])
        if self._lane in self._lanes.begun:  # before it is one that has no place
            promotion.writes.append(Delete(behind_entry(place)))
            return promotion
        memory = self._lanes.memory
        if memory.size(self._lane) == 1:
            return promotion
        page = await self._lanes.store.scan(LANES, self._lane, limit=_PAGE)
        if page and page[0].key != place:
            promotion.writes.append(Delete(behind_entry(place)))
        elif page:
            if len(page) < _PAGE:
                memory.set_size(self._lane, len(page))
            await self._promote(page[1:], promotion, after=page[-1].key.id)
        return promotion

    async def succession(self) -> Promotion:
        """What must be written as the first leaves, which has no place in the lane."""
        promotion = Promotion()
        if self._lanes.memory.is_empty(self._lane):
            return promotion
        page = await self._lanes.store.scan(LANES, self._lane, limit=_PAGE)
        if page and await self._lanes.store.get(behind_entry(page[0].key)) is not None:
            await self._promote(page, promotion, after=page[-1].key.id)
        return promotion

    async def _promote(self, page: Sequence[Record], promotion: Promotion, *, after: str) -> None:
        """Queue the first of these that can be read, and of what comes `after` them.

        It is due now at the earliest, so that a long lane goes behind what waits already.
        """
        memory = self._lanes.memory
        while True:
            for entry in page:
                following = await self._readable(entry)
                promotion.writes.append(Delete(behind_entry(entry.key)))
                if following is None:
                    promotion.writes.append(Delete(entry.key))
                    memory.doubt(self._lane)
                    continue
                due_at = max(following.task.due_at, self._lanes.timeline.now())
                task = changed(following.task, TaskStatus.SCHEDULED, due_at=due_at)
                following = following.succeeded_by(task)
                promotion.writes += (put_task(following), put_entry(following))
                promotion.stored = following
                return
            page = await self._lanes.store.scan(LANES, self._lane, after=after, limit=_PAGE)
            if not page:
                return
            after = page[-1].key.id

    def joined(self) -> None:
        """A task has its place in the lane now."""
        self._lanes.memory.add(self._lane, 1)

    def left(self) -> None:
        """One has left it."""
        self._lanes.memory.add(self._lane, -1)

    async def _readable(self, entry: Record) -> StoredTask | None:
        return await read_record(self._lanes.store, task_key(task_id_of(entry)), read_task)

    def _leave(self) -> None:
        if not self._lanes.turnstiles[self._lane].call_next():
            del self._lanes.turnstiles[self._lane]
            self._lanes.memory.release(self._lane)


__all__ = ["HeldLane", "Lanes", "Promotion"]
