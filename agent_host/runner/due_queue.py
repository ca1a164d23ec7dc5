"""The tasks of one kind that come next: a window of the stored queue, kept in memory."""

import logging
from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Final, NamedTuple

from agent_host.protocols.state_store import StateStore
from agent_host.runner.task_record import (
    QUEUE,
    StoredTask,
    due_at_of,
    lane_entry,
    lane_of,
    task_id_of,
)
from agent_host.types.identifier import TaskId
from agent_host.types.store import Key

logger = logging.getLogger(__name__)

_PAGE: Final = 256
_PAYLOAD_LIMIT_BYTES: Final = 4096


class QueueEntry(NamedTuple):
    """`id` begins with when it is due, so entries sort by it. `lane` is its place in a lane.
    `stored` spares a read.
    """

    id: str
    task_id: TaskId
    lane: Key | None = None
    stored: StoredTask | None = None


class DueQueue:
    """Everything stored up to some entry is in memory too, nothing behind it: `_frontier`.

    None means that all is in memory, "" that nothing is. Past twice the window the later half goes
    back to being stored only. Entries being attempted stay stored; one that is found or offered
    meanwhile is admitted when its attempt is over.
    """

    def __init__(self, store: StateStore, kind: str, *, window: int) -> None:
        self._store = store
        self._kind = kind
        self._window = window
        self._frontier: str | None = ""
        self._doubts = 0
        self._heap: list[QueueEntry] = []
        self._known: set[str] = set()
        self._taken: dict[str, QueueEntry | None] = {}
        self._meanwhile: list[QueueEntry] | None = None

    def offer(self, stored: StoredTask) -> bool:
        """Take a task that was just queued in the store; whether it is first now."""
        carried = stored if len(stored.task.spec.payload) <= _PAYLOAD_LIMIT_BYTES else None
        entry = QueueEntry(stored.entry.id, stored.task.id, lane_entry(stored), carried)
        if self._meanwhile is not None:
            # A scan is under way, which may have passed this entry's place before it was there.
            self._meanwhile.append(entry)
        self._admit(entry)
        return bool(self._heap) and self._heap[0].id == entry.id

    def distrust(self) -> None:
        """Something may have been queued in the store that nobody could offer: look again."""
        self._doubts += 1
        self._known.difference_update(entry.id for entry in self._heap)
        self._heap.clear()
        self._frontier = ""

    async def load(self) -> None:
        """Bring in what is stored, if the window has run empty.

        Raises:
            StoreError: from the store; nothing was lost.
        """
        while not self._heap and self._frontier is not None:
            doubts = self._doubts
            self._meanwhile = []
            try:
                page = await self._store.scan(
                    QUEUE, self._kind, after=self._frontier or None, limit=_PAGE
                )
                offered = self._meanwhile
            finally:
                self._meanwhile = None
            if doubts != self._doubts:
                continue
            self._frontier = page[-1].key.id if len(page) == _PAGE else None
            self._admit_all(QueueEntry(one.key.id, task_id_of(one), lane_of(one)) for one in page)
            self._admit_all(offered)

    def due_at(self) -> int | None:
        """When the first is due, in microseconds since 1970; None if there is none."""
        while self._heap:
            due_at = due_at_of(self._heap[0].id)
            if due_at is not None:
                return due_at
            damaged = heappop(self._heap)
            logger.error("kind %s: a damaged queue entry is passed over", self._kind)
            self._known.discard(damaged.id)
        return None

    def has_more_due(self, count: int, now: int) -> bool:
        """Whether more than so many may be due by then, in microseconds since 1970."""
        due_at = self.due_at()
        if due_at is not None and due_at > now:
            return False
        return self._frontier is not None or len(self._heap) > count

    def take_new(self, stored: StoredTask) -> QueueEntry:
        """Take a task with no entry in the store: one that it gets meanwhile is not taken again."""
        entry = QueueEntry(stored.entry.id, stored.task.id, lane_entry(stored))
        self._taken[entry.id] = None
        return entry

    def take(self) -> QueueEntry:
        """The first, to be attempted; say `give_up` when that is over."""
        entry = heappop(self._heap)
        self._known.discard(entry.id)
        self._taken[entry.id] = None
        return entry

    def give_up(self, entry: QueueEntry) -> None:
        """Its attempt is over; the store says whether it comes again."""
        again = self._taken.pop(entry.id)
        if again is not None:
            self._admit(again)

    def _admit_all(self, entries: Iterable[QueueEntry]) -> None:
        for entry in entries:
            self._admit(entry)

    def _admit(self, entry: QueueEntry) -> None:
        if entry.id in self._taken:
            self._taken[entry.id] = entry
            return
        if entry.id in self._known or (self._frontier is not None and entry.id > self._frontier):
            return
        self._known.add(entry.id)
        heappush(self._heap, entry)
        if len(self._heap) > 2 * self._window:
            self._heap.sort()
            self._known.difference_update(later.id for later in self._heap[self._window :])
            del self._heap[self._window :]
            self._frontier = self._heap[-1].id


__all__ = ["DueQueue", "QueueEntry"]
