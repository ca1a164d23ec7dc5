"""The seam to whoever keeps count of runs: a bill, a queue, an alarm."""

from collections.abc import Sequence
from typing import Protocol, TypeVar, runtime_checkable

from agent_host.types.delivery_event import DeliveryLifecycle
from agent_host.types.lifecycle import RunLifecycle

EventT_contra = TypeVar("EventT_contra", contravariant=True)


class Sink(Protocol[EventT_contra]):
    """Takes events of one kind. What an `EventSink` owes goes for each of them."""

    @property
    def name(self) -> str:
        """For logs and metrics."""
        ...

    async def send(self, events: Sequence[EventT_contra]) -> None:
        """Take these."""
        ...


class EventSink(Protocol):
    """Takes the stations of runs, at most once each, in the order they happened in this process.

    A sink never holds up a run: events wait for it in a bounded queue, and those that find it full
    are dropped and counted. What `send` raises is logged by its type and the events are not sent
    again. A sink that is also an async context manager is entered before the first event and left
    after the last.
    """

    @property
    def name(self) -> str:
        """For logs and metrics."""
        ...

    async def send(self, events: Sequence[RunLifecycle]) -> None:
        """Take these, at most 100, oldest first. It is cancelled after ten seconds."""
        ...


@runtime_checkable
class DeliverySink(Protocol):
    """An `EventSink` that wants to know of deliveries too has this. They wait in a queue of their
    own, by the same rules.
    """

    async def send_deliveries(self, events: Sequence[DeliveryLifecycle]) -> None:
        """Take these, at most 100, oldest first. It is cancelled after ten seconds."""
        ...


__all__ = ["DeliverySink", "EventSink", "Sink"]
