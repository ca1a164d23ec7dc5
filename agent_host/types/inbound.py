"""Events that a platform brings by itself: stored, acknowledged, and only then worked on."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundPolicy:
    """How events are taken.

    `backlog_limit` is how many may wait in one process until more are refused, `busy_retry_after`
    what a refused platform is told to wait. `remembered` is how long an event's key is known: no
    shorter than the platform sends an event again. `at_once` events are made into runs at once; the
    runs themselves are bounded by the run policy.
    """

    backlog_limit: int = 10_000
    busy_retry_after: timedelta = timedelta(seconds=10)
    remembered: timedelta = timedelta(days=7)
    at_once: int = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """The event is stored, by this call or, where `is_duplicate`, by an earlier one. Either way the
    platform is told that it was taken. `event_id` is the first one's: ours, for logs.
    """

    event_id: str
    is_duplicate: bool = False


__all__ = ["Acceptance", "InboundPolicy"]
