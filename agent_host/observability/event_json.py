"""A lifecycle event as JSON: for log lines, files, and whoever writes a sink."""

import json

from agent_host.types.delivery_event import DeliveryLifecycle
from agent_host.types.lifecycle import RunLifecycle


def to_json(event: RunLifecycle) -> str:
    """One line: `event` is the phase, times are ISO 8601, durations are seconds. What is not known
    is left out.
    """
    values: dict[str, object] = {
        "time": event.at.isoformat(timespec="milliseconds"),
        "event": f"run.{event.phase.value}",
        "run_id": event.run_id,
        "session_id": event.session_id,
        "status": event.status.value,
        "channel": event.channel,
        "operation": event.operation,
        "background": event.background,
        "attempt": event.attempt,
        "failure": None if event.failure is None else event.failure.value,
        "failure_code": event.failure_code,
        "retryable": event.retryable if event.failure is not None else None,
        "queued_seconds": None if event.queued_for is None else event.queued_for.total_seconds(),
        "duration_seconds": None if event.duration is None else event.duration.total_seconds(),
    }
    return json.dumps({name: value for name, value in values.items() if value is not None})


def delivery_to_json(event: DeliveryLifecycle) -> str:
    """One line, by the same rules: `event` is the status."""
    values: dict[str, object] = {
        "time": event.at.isoformat(timespec="milliseconds"),
        "event": f"delivery.{event.status.value}",
        "delivery_id": event.delivery_id,
        "run_id": event.run_id,
        "channel": event.channel,
        "attempts": event.attempts,
        "error_class": None if event.error_class is None else event.error_class.value,
        "error_code": event.error_code,
        "duration_seconds": None if event.duration is None else event.duration.total_seconds(),
    }
    return json.dumps({name: value for name, value in values.items() if value is not None})


__all__ = ["delivery_to_json", "to_json"]
