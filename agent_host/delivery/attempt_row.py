"""The rows of a delivery's attempts: begun before the push, ended after it. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from agent_host.delivery.failure import PushFailure
from agent_host.delivery.record import StoredDelivery, moved
from agent_host.types.delivery import DeliveryAttempt, DeliveryStatus, PushReceipt

ROWS_LIMIT: Final = 64
"""The newest are kept. Their numbers go on."""


def begun(stored: StoredDelivery, now: datetime) -> StoredDelivery:
    """The delivery with an attempt under way."""
    rows = stored.delivery.attempts
    number = rows[-1].number + 1 if rows else 1
    row = DeliveryAttempt(number=number, begun_at=now, is_echo=stored.has_echo)
    if stored.turn is not None:
        stored = replace(stored, turn=None, turn_at=None)
    return moved(stored, DeliveryStatus.ATTEMPTING, attempts=(*rows, row)[-ROWS_LIMIT:])


def ended(
    stored: StoredDelivery, now: datetime, outcome: PushReceipt | PushFailure
) -> StoredDelivery:
    """The delivery with its last row filled in; its state is as it was."""
    row = stored.delivery.attempts[-1]
    if isinstance(outcome, PushReceipt):
        row = replace(row, ended_at=now, platform_id=outcome.platform_id)
    else:
        row = replace(
            row,
            ended_at=now,
            error_class=outcome.error_class,
            error_code=outcome.error_code,
            retry_after=outcome.retry_after,
        )
    return moved(stored, stored.status, attempts=(*stored.delivery.attempts[:-1], row))


def accepted(stored: StoredDelivery, now: datetime) -> StoredDelivery:
    """The platform took it: the reply comes next if this was the echo, else it is over."""
    settled = stored
    if stored.has_echo or stored.failures:
        settled = replace(stored, has_echo=False, failures=0, failing_since=None)
    if stored.has_echo:
        return moved(settled, DeliveryStatus.SCHEDULED)
    return moved(settled, DeliveryStatus.ACCEPTED, over_at=now)


__all__ = ["ROWS_LIMIT", "accepted", "begun", "ended"]
