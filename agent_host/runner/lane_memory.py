"""How many tasks are in each lane, as far as one process knows: it spares looking into the store
for a lane that is empty, or has one task only, which is what most are.

What is not known is looked up, so forgetting is always safe.
"""

from collections.abc import Iterable
from typing import Final

from agent_host.protocols.state_store import StateStore
from agent_host.runner.task_record import QUEUE, lane_of

_PAGE: Final = 256
LIMIT: Final = 100_000


class LaneMemory:
    """Sizes by lane. Until `learn` has found the lanes that earlier processes left, a lane that was
    not looked into may hold anything; afterwards it is empty. Past `limit` lanes all is forgotten.
    """

    def __init__(self, store: StateStore, *, limit: int = LIMIT) -> None:
        self._store = store
        self._limit = limit
        self._sizes: dict[str, int] = {}
        self._unknown: set[str] = set()
        self._is_learning = False
        self._knows_others = False

    async def learn(self, kinds: Iterable[str]) -> None:
        """Find the lanes that have tasks of these kinds: each has its first in the queue.

        Raises:
            StoreError: from the store; nothing was learned.
        """
        self._is_learning = True
        for kind in kinds:
            after: str | None = None
            while page := await self._store.scan(QUEUE, kind, after=after, limit=_PAGE):
                after = page[-1].key.id
                places = [place for place in map(lane_of, page) if place is not None]
                self._unknown.update(place.partition for place in places)
                if len(self._unknown) > self._limit:
                    self._forget()
                if not self._is_learning:
                    return
        self._is_learning, self._knows_others = False, True

    def size(self, lane: str) -> int | None:
        """How many are in it; None if that has to be looked up."""
        size = self._known(lane)
        if size is None and self._is_learning:
            self._unknown.add(lane)  # its first may move to where `learn` has been already
        return size

    def is_empty(self, lane: str) -> bool:
        """Whether nobody is known to be in it, without having to look that up."""
        return self._known(lane) == 0

    def set_size(self, lane: str, size: int) -> None:
        """So many are in it."""
        self._unknown.discard(lane)
        self._sizes[lane] = size
        if len(self._sizes) > self._limit:
            self._forget()

    def add(self, lane: str, count: int) -> None:
        """So many more are in it, or fewer."""
        size = self.size(lane)
        if size is not None:
            self.set_size(lane, size + count)

    def doubt(self, lane: str) -> None:
        """How many are in it has to be looked up."""
        self._sizes.pop(lane, None)
        self._unknown.add(lane)
        if len(self._unknown) > self._limit:
            self._forget()

    def release(self, lane: str) -> None:
        """Nobody is at the lane now: an empty one need not be remembered."""
        if self._sizes.get(lane) == 0:
            del self._sizes[lane]

    def _known(self, lane: str) -> int | None:
        is_new = self._knows_others and lane not in self._unknown
        return self._sizes.get(lane, 0 if is_new else None)

    def _forget(self) -> None:
        self._sizes.clear()
        self._unknown.clear()
        self._is_learning = self._knows_others = False


__all__ = ["LIMIT", "LaneMemory"]
