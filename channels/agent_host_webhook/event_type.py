"""The events that are sent."""

from typing import Final, Literal, TypeAlias

from agent_host.protocols.delivery import AnsweredRun

EventType: TypeAlias = Literal["run.completed", "run.failed"]
EVENT_TYPES: Final[tuple[EventType, ...]] = ("run.completed", "run.failed")
TEST_EVENT: Final = "webhook.test"
"""Sent when somebody asks for it, and never by itself."""


def event_of(run: AnsweredRun) -> EventType:
    """What its end is called."""
    return "run.failed" if run.has_failed else "run.completed"


__all__ = ["EVENT_TYPES", "TEST_EVENT", "EventType", "event_of"]
