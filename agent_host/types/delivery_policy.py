"""What deliveries are granted."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPolicy:
    """Limits of deliveries.

    `destination_limit` is for one answer; further destinations are skipped. `active_within` is how
    lately somebody must have spoken somewhere to be `active` there. `attempts_limit` counts the
    failed attempts of one push, `give_up_after` the time from when it was due; what comes first
    makes a dead letter. `first_delay` and `last_delay` bound the exponential wait between attempts,
    `attempt_time_limit` one attempt. `overtake_after` is how long a message that is being retried
    holds up later ones of its conversation. `concurrency` attempts go on at once in a process.
    `burst` deliveries of one person are let go at once, further ones `spacing` apart, so that
    nobody else waits for them. `retention` is how long a finished delivery can be looked up.
    """

    destination_limit: int = 16
    active_within: timedelta = timedelta(hours=24)
    attempts_limit: int = 8
    first_delay: timedelta = timedelta(seconds=5)
    last_delay: timedelta = timedelta(hours=1)
    give_up_after: timedelta = timedelta(hours=24)
    attempt_time_limit: timedelta = timedelta(seconds=30)
    overtake_after: timedelta = timedelta(minutes=1)
    concurrency: int = 256
    burst: int = 16
    spacing: timedelta = timedelta(milliseconds=20)
    retention: timedelta = timedelta(days=7)


__all__ = ["DeliveryPolicy"]
