"""What a runner's task carries about a delivery. All else is in the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from agent_host.codec import VersionedCodec
from agent_host.delivery.outbox import DueDelivery
from agent_host.types.identifier import DeliveryId
from agent_host.types.quick_init import maker, quick_init
from agent_host.types.task import TaskSpec

KIND: Final = "delivery"


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryOrder:
    """Which delivery, in which round of its life. `is_loose`: it left its lane, so that later
    messages could pass.
    """

    delivery_id: DeliveryId
    round: int
    is_loose: bool = False


ORDER_CODEC: Final = VersionedCodec("delivery_order", 1, DeliveryOrder)


def lane_task(due: DueDelivery) -> TaskSpec:
    """The task of a delivery that takes its place in its lane."""
    order = make_order(delivery_id=due.delivery_id, round=due.round)
    return _make_spec(
        kind=KIND,
        payload=ORDER_CODEC.encode_own(order),
        lane=due.lane,
        trace_context=due.trace_context,
    )


def loose_task(
    order: DeliveryOrder, *, delay: timedelta, trace_context: Mapping[str, str]
) -> TaskSpec:
    """The task of the same delivery once it has left its lane."""
    loose = DeliveryOrder(delivery_id=order.delivery_id, round=order.round, is_loose=True)
    return TaskSpec(
        kind=KIND,
        payload=ORDER_CODEC.encode_own(loose),
        delay=delay,
        trace_context=trace_context,
    )


make_order = maker(DeliveryOrder)
_make_spec = maker(TaskSpec)

__all__ = ["KIND", "ORDER_CODEC", "DeliveryOrder", "lane_task", "loose_task", "make_order"]
