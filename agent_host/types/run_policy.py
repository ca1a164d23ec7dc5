"""What the engine grants a run."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class DisconnectPolicy(StrEnum):
    """What becomes of a foreground run whose caller leaves: it goes on, or it is cancelled."""

    CONTINUE = "continue"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPolicy:
    """Limits of one run.

    `time_limit` counts the target's own time, not the wait for a session or an answer.
    `cancel_grace` is how long a target may take to stop by itself before it is made to.
    `answer_time_limit` is how long a question stays open. `event_limit` and `event_bytes_limit`
    stop a target that floods. `retention` is how long a finished run can be fetched, and how long
    an idempotency key is remembered. `background_limit` background runs go on at once.
    `rerun_interrupted` lets a run that died with its process be run again, where its target says
    that this does no harm; else it fails as `interrupted`.
    """

    time_limit: timedelta = timedelta(minutes=10)
    cancel_grace: timedelta = timedelta(seconds=5)
    answer_time_limit: timedelta = timedelta(hours=1)
    event_limit: int = 100_000
    event_bytes_limit: int = 64 * 1024 * 1024
    retention: timedelta = timedelta(hours=24)
    background_limit: int = 64
    rerun_interrupted: bool = True
    on_disconnect: DisconnectPolicy = DisconnectPolicy.CONTINUE


__all__ = ["DisconnectPolicy", "RunPolicy"]
