"""The time that the disk store's expiry goes by: it outlives the process and bears clock jumps.

The calendar's clock may be set, by a person or when a machine without a battery finds the network.
So the store has a time of its own, in microseconds. It starts as the calendar's when the database
is made; while a process runs, it advances with the monotonic clock; while none does, with what the
calendar's clock advanced. For the latter, both are noted together: the anchor. An anchor is due
when the calendar's clock was seen to jump, and now and then.

A jump while nothing runs cannot be told from a long rest if it is forward, and counts as no time
at all if it is backward: what should have ended lives longer, and nothing is lost early.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from agent_host.protocols.clock import Clock

SECOND: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_JUMP: Final = SECOND
_ANCHOR_INTERVAL: Final = 60 * SECOND
_END_OF_TIME: Final = 1 << 62


class Anchor(NamedTuple):
    """The store's time and the calendar's at one moment, both in microseconds."""

    store: int
    calendar: int


class StoreTime:
    """Tells the store's time. `anchor` is the one noted last, None for a new database."""

    __slots__ = ("_anchor", "_clock", "_offset", "_started")

    def __init__(self, clock: Clock, anchor: Anchor | None) -> None:
        self._clock = clock
        self._started = clock.monotonic()
        calendar = self._calendar()
        if anchor is None:
            self._offset = calendar
        else:
            self._offset = anchor.store + max(0, calendar - anchor.calendar)
        self._anchor: Anchor | None = None

    def now(self) -> int:
        """Microseconds on the store's time; never less than before."""
        return self._offset + round((self._clock.monotonic() - self._started) * SECOND)

    def due_anchor(self, now: int) -> Anchor | None:
        """The anchor, if it has to be noted with what is written next."""
        calendar = self._calendar()
        last = self._anchor
        if last is not None:
            passed = now - last.store
            jumped = abs(calendar - last.calendar - passed) > _JUMP
            if not jumped and passed < _ANCHOR_INTERVAL:
                return None
        return Anchor(now, calendar)

    def note(self, anchor: Anchor) -> None:
        """This anchor is on disk now."""
        self._anchor = anchor

    def _calendar(self) -> int:
        return (self._clock.now() - _EPOCH) // _MICROSECOND


def end_of(now: int, time_to_live: timedelta) -> int:
    """When what is written now ends."""
    days, seconds = time_to_live.days, time_to_live.seconds
    life = (days * 86_400 + seconds) * SECOND + time_to_live.microseconds
    return min(now + life, _END_OF_TIME)


__all__ = ["SECOND", "Anchor", "StoreTime", "end_of"]
