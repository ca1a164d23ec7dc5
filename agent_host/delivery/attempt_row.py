"""The rows of a delivery's attempts: begun before the push, ended after it. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from agent_host.delivery.failure import PushFailure
from agent_host.delivery.record import StoredContent, StoredDelivery, moved
from agent_host.types.delivery import DeliveryAttempt, DeliveryStatus, PushReceipt
from agent_host.types.quick_init import maker

ROWS_LIMIT: Final = 64
"""The newest are kept. Their numbers go on."""


def begun(
    stored: StoredDelivery, now: datetime, content: StoredContent | None = None
) -> StoredDelivery:
    """The delivery with an attempt under way, and with this content, if it has none beside it."""
    rows = stored.delivery.attempts
    number = rows[-1].number + 1 if rows else 1
    row = _make_row(number=number, begun_at=now, is_echo=stored.has_echo)
    if stored.turn is not None:
        stored = replace(stored, turn=None, turn_at=None)
    rows = (*rows, row)[-ROWS_LIMIT:]
    return moved(stored, DeliveryStatus.ATTEMPTING, attempts=rows, content=content)


def failed_row(stored: StoredDelivery, now: datetime, failure: PushFailure) -> StoredDelivery:
    """The delivery with its last row filled in; its state is as it was."""
    *rows, row = stored.delivery.attempts
    row = replace(
        row,
        ended_at=now,
        error_class=failure.error_class,
        error_code=failure.error_code,
        retry_after=failure.retry_after,
    )
    return moved(stored, stored.status, attempts=(*rows, row))


def accepted(stored: StoredDelivery, now: datetime, receipt: PushReceipt) -> StoredDelivery:
    """The platform took it: the reply comes next if this was the echo, else it is over."""
    *rows, row = stored.delivery.attempts
    row = _make_row(
        number=row.number,
        begun_at=row.begun_at,
        is_echo=row.is_echo,
        ended_at=now,
        platform_id=receipt.platform_id,
    )
    settled = stored
    if stored.has_echo or stored.failures:
        settled = replace(stored, has_echo=False, failures=0, failing_since=None)
    if stored.has_echo:
        return moved(settled, DeliveryStatus.SCHEDULED, attempts=(*rows, row))
    return moved(settled, DeliveryStatus.ACCEPTED, attempts=(*rows, row), over_at=now)


_make_row = maker(DeliveryAttempt)

__all__ = ["ROWS_LIMIT", "accepted", "begun", "failed_row"]
