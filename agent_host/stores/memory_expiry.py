"""When the memory store's items end, so that they go without a task that looks for them."""

from collections.abc import Iterator
from functools import lru_cache
from heapq import heappop, heappush
from math import frexp, inf, ldexp
from typing import Final, Generic, Protocol, TypeVar

_WIDTH_EXPONENT: Final = 5
_LEAST_WIDTH_SECONDS: Final = 1.0


class Expiring(Protocol):
    """`expires_at` is for readers, `sweep_at` is the wheel's own."""

    expires_at: float
    sweep_at: float


ItemT = TypeVar("ItemT", bound=Expiring)


class ExpiryWheel(Generic[ItemT]):
    """Items in buckets by the time at which all of a bucket has ended.

    A bucket spans a 32nd to a 16th of the time its items live, so there are a few dozen at most
    however many items there are, and to place, move or remove one costs O(1). What has ended is
    found late by one bucket; readers compare `expires_at` and never see it.
    """

    __slots__ = ("_buckets", "_order", "due_at")

    def __init__(self) -> None:
        self._buckets: dict[float, set[ItemT]] = {}
        self._order: list[float] = []
        self.due_at = inf
        """When `pop_due` will next find something; never later than that."""

    def place(self, item: ItemT, *, now: float, seconds: float) -> None:
        """Let the item end `seconds` from now, whatever was said before."""
        item.expires_at = expires_at = now + seconds
        width = _width(seconds)
        sweep_at = (expires_at // width + 1) * width
        if sweep_at == item.sweep_at:
            return
        if item.sweep_at < inf:
            self._buckets[item.sweep_at].discard(item)
        item.sweep_at = sweep_at
        bucket = self._buckets.get(sweep_at)
        if bucket is None:
            # An emptied bucket stays until it is due, so that each is in the order once.
            bucket = self._buckets[sweep_at] = set()
            heappush(self._order, sweep_at)
            self.due_at = self._order[0]
        bucket.add(item)

    def remove(self, item: ItemT) -> None:
        """Let the item have no end."""
        if item.sweep_at < inf:
            self._buckets[item.sweep_at].discard(item)
        item.expires_at = item.sweep_at = inf

    def pop_due(self, now: float, *, limit: int) -> Iterator[ItemT]:
        """Up to `limit` items that have ended; they are in the wheel no more."""
        while self.due_at <= now and limit > 0:
            bucket = self._buckets[self.due_at]
            while bucket and limit > 0:
                limit -= 1
                item = bucket.pop()
                item.sweep_at = inf
                yield item
            if not bucket:
                del self._buckets[heappop(self._order)]
                self.due_at = self._order[0] if self._order else inf


@lru_cache(maxsize=256)
def _width(seconds: float) -> float:
    exponent = frexp(seconds)[1]
    return max(ldexp(1.0, exponent - _WIDTH_EXPONENT), _LEAST_WIDTH_SECONDS)


__all__ = ["Expiring", "ExpiryWheel"]
