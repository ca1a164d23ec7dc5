"""The events that are sent."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from agent_host.types import RunStatus

EventType: TypeAlias = Literal[
    "run.started", "run.input_required", "run.completed", "run.failed", "run.cancelled"
]
STARTED: Final[EventType] = "run.started"
EVENT_TYPES: Final[tuple[EventType, ...]] = (
    "run.input_required",
    "run.completed",
    "run.failed",
    "run.cancelled",
)
"""What an endpoint hears of that does not say: all but starts, which are asked for."""

TEST_EVENT: Final = "webhook.test"
"""Sent when somebody asks for it, and never by itself."""

_OF_STATUS: Final[Mapping[RunStatus, EventType]] = MappingProxyType(
    {
        RunStatus.RUNNING: STARTED,
        RunStatus.INPUT_REQUIRED: "run.input_required",
        RunStatus.COMPLETED: "run.completed",
        RunStatus.FAILED: "run.failed",
        RunStatus.CANCELLED: "run.cancelled",
    }
)


def event_of(status: RunStatus) -> EventType:
    """What a run that came to stand so is called. None is sent of one that is queued."""
    return _OF_STATUS[status]


__all__ = ["EVENT_TYPES", "STARTED", "TEST_EVENT", "EventType", "event_of"]
