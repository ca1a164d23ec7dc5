"""What senders are answered: JSON of our own; errors are problem+json (RFC 9457)."""

from typing import TypedDict


class Accepted(TypedDict):
    """The event is stored, or was before (`duplicate`). `id` is for questions to the operator."""

    id: str
    duplicate: bool


class Answered(TypedDict):
    """What the agent says, where the sender waits for it."""

    run_id: str
    output_text: str


class Ignored(TypedDict):
    """The event is none that anything is done about."""

    ignored: bool


__all__ = ["Accepted", "Answered", "Ignored"]
