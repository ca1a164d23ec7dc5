"""Which of the memory store's items end next, and which were written the longest time ago."""

from collections import OrderedDict
from datetime import timedelta
from functools import lru_cache
from math import frexp, inf, ldexp
from typing import Final

from agent_host.stores.memory_item import Item

_STEPS: Final = 32
"""Lives between two powers of two are told apart by a 16th of them at least."""


class AgeQueues:
    """Items that have an end, in queues by how long they live, the last written at the back.

    What ends next and what was written first thus stand at the front of some queue, and to place,
    move or remove an item costs O(1). There are a few queues, and some hundred at most however
    many lives are asked for. What has ended is found late by a 16th of its life; readers compare
    `expires_at` and never see it.
    """

    __slots__ = ("_queues", "_turn", "due_at")

    def __init__(self) -> None:
        self._queues: dict[float, OrderedDict[Item, None]] = {}
        self._turn = 0
        self.due_at = inf
        """Nothing is found by `ended` before."""

    def place(self, item: Item, *, now: float, ttl: timedelta) -> None:
        """Let the item end this long from now, whatever was said before."""
        seconds, life = _life_of(ttl)
        item.expires_at = expires_at = now + seconds
        self.due_at = min(self.due_at, expires_at)
        item.turn = self._turn = self._turn + 1
        queue = self._queues.get(life)
        if queue is None:
            queue = self._queues[life] = OrderedDict()
        if item.queue is queue:
            queue.move_to_end(item)
            return
        if item.queue is not None:
            del item.queue[item]
        item.queue = queue
        queue[item] = None

    @staticmethod
    def remove(item: Item) -> None:
        """Let the item have no end."""
        if item.queue is not None:
            del item.queue[item]
            item.queue = None
        item.expires_at = inf

    def oldest(self) -> Item:
        """The item that was written the longest time ago; there must be one."""
        found: Item | None = None
        for queue in self._queues.values():
            for item in queue:
                if found is None or item.turn < found.turn:
                    found = item
                break
        if found is None:
            raise LookupError
        return found

    def ended(self, now: float, *, limit: int) -> list[Item]:
        """Up to `limit` items that have ended, all of which are then to be removed."""
        found: list[Item] = []
        self.due_at = inf
        for queue in self._queues.values():
            for item in queue:
                if item.expires_at > now or len(found) == limit:
                    self.due_at = min(self.due_at, item.expires_at)
                    break
                found.append(item)
        return found


@lru_cache(maxsize=256)
def _life_of(ttl: timedelta) -> tuple[float, float]:
    """In seconds: as it is, and rounded to what one queue takes."""
    seconds = ttl.total_seconds()
    fraction, exponent = frexp(seconds)
    return seconds, ldexp(int(fraction * _STEPS), exponent)


__all__ = ["AgeQueues"]
