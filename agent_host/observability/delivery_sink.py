"""The half of a sink that takes deliveries, as a sink of its own."""

from collections.abc import Sequence

from agent_host.protocols.event_sink import DeliverySink, EventSink
from agent_host.types.delivery_event import DeliveryLifecycle


class DeliveryHalf:
    """Hands on to `send_deliveries`; the sink itself is entered and left with its other half."""

    def __init__(self, name: str, sink: DeliverySink) -> None:
        self.name = name
        self._sink = sink

    async def send(self, events: Sequence[DeliveryLifecycle]) -> None:
        """Take these."""
        await self._sink.send_deliveries(events)


def delivery_sinks(sinks: Sequence[EventSink]) -> list[DeliveryHalf]:
    """Of those that want to know of deliveries."""
    return [DeliveryHalf(sink.name, sink) for sink in sinks if isinstance(sink, DeliverySink)]


__all__ = ["DeliveryHalf", "delivery_sinks"]
