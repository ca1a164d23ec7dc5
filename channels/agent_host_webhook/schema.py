"""What senders are answered: JSON of our own; errors are problem+json (RFC 9457)."""

from typing import TypedDict

from pydantic import BaseModel, ConfigDict, Field

from agent_host_webhook.event_type import EVENT_TYPES, EventType


class Accepted(TypedDict):
    """The event is stored, or was before (`duplicate`). `id` is for questions to the operator."""

    id: str
    duplicate: bool


class Answered(TypedDict):
    """What the agent says, where the sender waits for it."""

    run_id: str
    output_text: str


class Elsewhere(TypedDict):
    """The answer goes elsewhere; the run says what became of it."""

    run_id: str
    status: str


class Ignored(TypedDict):
    """The event is none that anything is done about."""

    ignored: bool


class SubscriptionBody(BaseModel):
    """What a caller says to register an endpoint."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(min_length=1, max_length=2048)
    events: tuple[EventType, ...] = Field(default=EVENT_TYPES, min_length=1, max_length=16)
    run_id: str | None = Field(default=None, min_length=1, max_length=256)


__all__ = ["Accepted", "Answered", "Elsewhere", "Ignored", "SubscriptionBody"]
