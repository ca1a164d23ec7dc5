"""The events that are sent."""

from typing import Final, Literal, TypeAlias

EventType: TypeAlias = Literal["run.completed", "run.failed"]
EVENT_TYPES: Final[tuple[EventType, ...]] = ("run.completed", "run.failed")
TEST_EVENT: Final = "webhook.test"
"""Sent when somebody asks for it, and never by itself."""

__all__ = ["EVENT_TYPES", "TEST_EVENT", "EventType"]
