"""A delivery's state as what an operator's systems are told. Pure."""

from datetime import datetime

from agent_host.delivery.record import StoredDelivery
from agent_host.types.delivery import DeliveryStatus
from agent_host.types.delivery_event import DeliveryLifecycle


def lifecycle_of(stored: StoredDelivery, now: datetime) -> DeliveryLifecycle:
    """The station that the delivery has just come to."""
    delivery = stored.delivery
    last = delivery.attempts[-1] if delivery.attempts else None
    is_outcome = last is not None and delivery.status is not DeliveryStatus.ATTEMPTING
    return DeliveryLifecycle(
        delivery_id=delivery.id,
        run_id=delivery.run_id,
        at=now,
        status=delivery.status,
        channel=delivery.destination.channel,
        attempts=0 if last is None else last.number,
        error_class=last.error_class if is_outcome and last is not None else None,
        error_code=last.error_code if is_outcome and last is not None else None,
        duration=(
            last.ended_at - last.begun_at
            if last is not None and last.ended_at is not None
            else None
        ),
    )


__all__ = ["lifecycle_of"]
