"""Time and identifiers come from outside, so that tests own them."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Two clocks: the calendar's, for records, and one that never jumps, for durations."""

    def now(self) -> datetime:
        """Aware UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow; the zero point means nothing."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after this many of `monotonic`'s seconds."""
        ...


class IdFactory(Protocol):
    """Mints identifiers."""

    def new(self, prefix: str) -> str:
        """`prefix` plus at least 128 unguessable bits; ids of one prefix sort by age."""
        ...


__all__ = ["Clock", "IdFactory"]
