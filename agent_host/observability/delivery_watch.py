"""The deliveries' observer: counts of them, and the events of their lives."""

from typing import TYPE_CHECKING

from agent_host.observability.event_feed import EventFeed
from agent_host.types.delivery_event import DeliveryLifecycle

if TYPE_CHECKING:
    from agent_host.observability.delivery_telemetry import DeliveryTelemetry


class DeliveryWatch:
    """Either part may be missing."""

    def __init__(
        self,
        *,
        telemetry: "DeliveryTelemetry | None",
        events: EventFeed[DeliveryLifecycle] | None,
    ) -> None:
        self._telemetry = telemetry
        self._events = events

    def delivered(self, event: DeliveryLifecycle) -> None:
        """A delivery came to a station."""
        if self._telemetry is not None:
            self._telemetry.count(event)
        if self._events is not None:
            self._events.offer(event)


__all__ = ["DeliveryWatch"]
