"""What a failed push means: for the delivery, and for its next attempt. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from agent_host.delivery.record import StoredDelivery, moved
from agent_host.errors import OutboundError, PushError, PushErrorClass, UnsafeUrlError
from agent_host.types.delivery import DeliveryStatus
from agent_host.types.delivery_policy import DeliveryPolicy

INTERRUPTED: Final = "interrupted"
TIMEOUT: Final = "timeout"
CHANNEL_ERROR: Final = "channel_error"
OTHER: Final = "other"

_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_DOUBLINGS_LIMIT: Final = 40
_SPREAD: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class PushFailure:
    """As `PushError` says it."""

    error_class: PushErrorClass
    error_code: str
    retry_after: timedelta | None = None
    pauses_account: bool = False


def failure_of(error: Exception) -> PushFailure:
    """What a channel's exception means. One that says nothing may have come after the sending."""
    match error:
        case PushError():
            code = error.error_code if _WORD.fullmatch(error.error_code) else OTHER
            return PushFailure(
                error_class=error.error_class,
                error_code=code,
                retry_after=error.retry_after,
                pauses_account=error.pauses_account,
            )
        case UnsafeUrlError():
            return permanent(error.code)
        case OutboundError():
            sent = PushErrorClass.UNKNOWN_AFTER_SEND if error.was_sent else PushErrorClass.TRANSIENT
            return PushFailure(error_class=sent, error_code=error.code)
        case TimeoutError():
            return in_doubt(TIMEOUT)
        case _:
            return in_doubt(CHANNEL_ERROR)


def permanent(code: str) -> PushFailure:
    """No further attempt can help."""
    return PushFailure(error_class=PushErrorClass.PERMANENT, error_code=code)


def in_doubt(code: str) -> PushFailure:
    """Nobody knows whether it arrived."""
    return PushFailure(error_class=PushErrorClass.UNKNOWN_AFTER_SEND, error_code=code)


def failed(
    stored: StoredDelivery,
    failure: PushFailure,
    *,
    policy: DeliveryPolicy,
    is_idempotent: bool,
    now: datetime,
    chance: float,
    schedule: Sequence[timedelta] | None = None,
) -> StoredDelivery:
    """The delivery as this attempt leaves it: to be tried again, given up, or in doubt.

    `chance`, from 0 to 1, spreads what failed together. Where the platform named a time the wait
    is never shorter. `schedule` stands for the policy's own waits and bounds.
    """
    failures = stored.failures + 1
    counted = replace(stored, failures=failures, failing_since=stored.failing_since or now)
    if failure.error_class is PushErrorClass.PERMANENT:
        return moved(counted, DeliveryStatus.DEAD, over_at=now)
    if failure.error_class is PushErrorClass.UNKNOWN_AFTER_SEND and not is_idempotent:
        return moved(counted, DeliveryStatus.UNKNOWN, over_at=now)
    if schedule is not None:
        return _scheduled(counted, failure, schedule=schedule, now=now, chance=chance)
    if failure.retry_after is not None:
        wait = max(failure.retry_after, timedelta()) + policy.first_delay * chance
    else:
        doublings = min(failures - 1, _DOUBLINGS_LIMIT)
        wait = min(policy.first_delay * 2**doublings, policy.last_delay) * chance
    given_up_at = stored.since + policy.give_up_after
    if failures >= policy.attempts_limit or now + wait > given_up_at:
        return moved(counted, DeliveryStatus.DEAD, over_at=now)
    return moved(counted, DeliveryStatus.FAILED, due_at=now + wait)


def _scheduled(
    stored: StoredDelivery,
    failure: PushFailure,
    *,
    schedule: Sequence[timedelta],
    now: datetime,
    chance: float,
) -> StoredDelivery:
    if stored.failures > len(schedule):
        return moved(stored, DeliveryStatus.DEAD, over_at=now)
    wait = schedule[stored.failures - 1] * (1 + _SPREAD * chance)
    return moved(
        stored,
        DeliveryStatus.FAILED,
        due_at=now + max(wait, failure.retry_after or timedelta()),
    )


__all__ = [
    "CHANNEL_ERROR",
    "INTERRUPTED",
    "OTHER",
    "TIMEOUT",
    "PushFailure",
    "failed",
    "failure_of",
    "in_doubt",
    "permanent",
]
