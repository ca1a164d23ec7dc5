"""The time that due tasks are compared with: a calendar that nobody can set.

It starts from the machine's calendar and goes on with its steady clock, so that setting the
calendar neither starts all that waits nor holds it up. The next process starts from the calendar
again, but never before where the last one was.
"""

from datetime import datetime, timedelta

from agent_host.protocols.clock import Clock


class Timeline:
    """Times of one process, in aware UTC, that only grow."""

    __slots__ = ("_anchor", "_clock")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._anchor = clock.now() - timedelta(seconds=clock.monotonic())

    def now(self) -> datetime:
        """The calendar at the start, and what has passed since."""
        return self._anchor + timedelta(seconds=self._clock.monotonic())

    def go_on_from(self, at: datetime) -> None:
        """Be at least at this time now."""
        behind = at - self.now()
        if behind > timedelta():
            self._anchor += behind


__all__ = ["Timeline"]
