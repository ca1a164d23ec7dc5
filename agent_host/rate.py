"""How often something may happen: so many at once, then so many in a time, for each key.

The generic cell rate algorithm: a token bucket that keeps one number for each key, the time at
which its bucket is full again.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

KEYS_LIMIT: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`count` in every `per`, of which up to `burst` at once (without one: all of them)."""

    count: int
    per: timedelta = timedelta(seconds=1)
    burst: int | None = None


class RateLimit:
    """Counts in this process. Holds the `keys_limit` keys used last; one that is forgotten begins
    with a full bucket. `monotonic` is a clock's, in seconds.
    """

    __slots__ = ("_full_at", "_interval", "_keys_limit", "_monotonic", "_tolerance")

    def __init__(
        self, rate: Rate, monotonic: Callable[[], float], *, keys_limit: int = KEYS_LIMIT
    ) -> None:
        self._interval = rate.per.total_seconds() / rate.count
        # One more than fits: what is due after this has to wait.
        self._tolerance = self._interval * ((rate.burst or rate.count) - 1)
        self._monotonic = monotonic
        self._keys_limit = keys_limit
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, key: Hashable) -> float:
        """Take one and return 0, or take none and return the seconds until there is one."""
        now = self._monotonic()
        full_at = max(self._full_at.get(key, now), now)
        wait = full_at - now - self._tolerance
        # A millionth of an interval is rounding, not waiting.
        if wait > self._interval * 1e-6:
            return wait
        self._full_at[key] = full_at + self._interval
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._keys_limit:
            self._full_at.popitem(last=False)
        return 0.0

    def peek(self, key: Hashable) -> float:
        """What `take` would return, taking none."""
        if key not in self._full_at:
            return 0.0
        wait = self._full_at[key] - self._monotonic() - self._tolerance
        return wait if wait > self._interval * 1e-6 else 0.0


__all__ = ["KEYS_LIMIT", "Rate", "RateLimit"]
