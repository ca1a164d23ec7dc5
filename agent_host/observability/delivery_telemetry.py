"""Deliveries as counts, and as attributes of the spans of their attempts."""

from opentelemetry.trace import get_current_span

from agent_host import telemetry
from agent_host.observability.instrument import Instruments
from agent_host.types.delivery import DeliveryStatus
from agent_host.types.delivery_event import DeliveryLifecycle


class DeliveryTelemetry:
    """Counts are by channel, status and class of error. The span has the ids."""

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments

    def count(self, event: DeliveryLifecycle) -> None:
        """Count how an attempt ended; a span learns what it is about when it begins."""
        span = get_current_span()
        span.set_attribute(telemetry.DELIVERY_ID, event.delivery_id)
        span.set_attribute(telemetry.DELIVERY_STATUS, event.status.value)
        span.set_attribute(telemetry.CHANNEL, event.channel)
        if event.run_id is not None:
            span.set_attribute(telemetry.RUN_ID, event.run_id)
        if event.status is DeliveryStatus.ATTEMPTING:
            return
        attributes = {
            telemetry.CHANNEL: event.channel,
            telemetry.DELIVERY_STATUS: event.status.value,
        }
        if event.error_class is not None:
            attributes[telemetry.ERROR_TYPE] = event.error_class.value
        self._instruments.deliveries.add(1, attributes)
        if event.duration is not None:
            took = max(event.duration.total_seconds(), 0.0)
            self._instruments.push_duration.record(took, attributes)


__all__ = ["DeliveryTelemetry"]
