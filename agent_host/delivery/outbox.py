"""What is to be handed to the runner, by when it is due: written together with what it is about.

An entry and the record of its delivery are committed at once, with the end of the run where there
is one. The runner's task takes the entry's place in one commit too, so that a crash between any two
of these neither loses a delivery nor schedules it twice.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from agent_host.codec import VersionedCodec
from agent_host.delivery.place import lane_of
from agent_host.delivery.record import WHOLE, StoredDelivery, moment
from agent_host.protocols.clock import Clock
from agent_host.system import settled_within
from agent_host.types.delivery import Delivery
from agent_host.types.identifier import DeliveryId
from agent_host.types.quick_init import maker, quick_init
from agent_host.types.store import Delete, Key, Put, Record

DUE: Final = "delivery_due"


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class DueDelivery:
    """Which delivery, in which lane. `round` counts how often an operator had it begin anew."""

    delivery_id: DeliveryId
    lane: str
    round: int = 0
    trace_context: Mapping[str, str] = field(default_factory=dict[str, str])


_CODEC: Final = VersionedCodec("due_delivery", 1, DueDelivery)


class OutboxBell:
    """Wakes whoever empties the outbox of this process's store. One waits."""

    def __init__(self) -> None:
        self._rang = False
        self._waiter: asyncio.Future[bool] | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for it, having emptied what was due."""
        return self._waiter is not None and not self._waiter.done()

    def ring(self) -> None:
        """Something was put in."""
        self._rang = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(True)

    async def wait(self, at_most: timedelta, clock: Clock) -> None:
        """Return when it has rung since the last call, or time is over."""
        if not self._rang:
            self._waiter = asyncio.get_running_loop().create_future()
            await settled_within(self._waiter, at_most.total_seconds(), clock=clock)
        self._rang = False


def due_delivery(stored: StoredDelivery) -> DueDelivery:
    """What the runner is to be told of the delivery."""
    delivery = stored.delivery
    return _make_due(
        delivery_id=delivery.id,
        lane=lane_of(delivery.destination),
        round=delivery.replays,
        trace_context=stored.trace_context,
    )


def put_due(stored: StoredDelivery) -> Put:
    """The write that has the delivery attempted from `due_at` on."""
    return Put(due_key(stored.delivery), _CODEC.encode_own(due_delivery(stored)))


def delete_due(delivery: Delivery) -> Delete:
    """The write that takes it out again, before it was handed on."""
    return Delete(due_key(delivery))


def read_due(record: Record) -> DueDelivery:
    """The entry of a record.

    Raises:
        UnreadableRecordError: the record is damaged or of another version.
    """
    return _CODEC.decode(record.value)


def due_key(delivery: Delivery) -> Key:
    """Where it says that the delivery is to be attempted."""
    return Key(DUE, WHOLE, f"{moment(delivery.due_at)}{delivery.id}")


_make_due = maker(DueDelivery)

__all__ = [
    "DUE",
    "DueDelivery",
    "OutboxBell",
    "delete_due",
    "due_delivery",
    "due_key",
    "put_due",
    "read_due",
]
