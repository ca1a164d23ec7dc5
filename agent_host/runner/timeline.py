"""The time that due tasks are compared with: a calendar that nobody can set.

It starts from the machine's calendar and goes on with its steady clock, so that setting the
calendar neither starts all that waits nor holds it up. The next process starts from the calendar
again, but never before where the last one was.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from agent_host.protocols.clock import Clock

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Timeline:
    """Times of one process, in aware UTC, that only grow."""

    __slots__ = ("_anchor", "_anchor_microseconds", "_clock")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._anchor = clock.now() - timedelta(seconds=clock.monotonic())
        self._anchor_microseconds = microseconds(self._anchor)

    def now(self) -> datetime:
        """The calendar at the start, and what has passed since."""
        return self._anchor + timedelta(seconds=self._clock.monotonic())

    def microseconds(self) -> int:
        """The same as a number: see the function of this name."""
        return self._anchor_microseconds + round(self._clock.monotonic() * 1e6)

    def go_on_from(self, at: datetime) -> None:
        """Be at least at this time now."""
        behind = at - self.now()
        if behind > timedelta():
            self._anchor += behind
            self._anchor_microseconds = microseconds(self._anchor)


def microseconds(at: datetime) -> int:
    """Since 1970, as queue entries count."""
    return (at - _EPOCH) // _MICROSECOND


def at_microseconds(count: int) -> datetime:
    """The time that `microseconds` counts."""
    return _EPOCH + count * _MICROSECOND


__all__ = ["Timeline", "at_microseconds", "microseconds"]
