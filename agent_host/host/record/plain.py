"""Values so plain that one look shows that they hold what their annotations say, as their fields.

Most of what is stored is text. What passes here is written without pydantic's check of every field
and without looking through dataclasses; all else takes the long way, since a target can put
anything into its events.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from agent_host.types.event import (
    InputReceived,
    ReasoningDelta,
    RunCompleted,
    RunEvent,
    RunStarted,
    TextDelta,
)
from agent_host.types.message import Message
from agent_host.types.part import TextPart
from agent_host.types.result import RunResult

Fields: TypeAlias = dict[str, object]

ROLES: Final = frozenset({"user", "assistant", "system", "tool"})


def plain_fields(message: Message) -> Fields | None:
    """Text of a known role, with no metadata; None of any other message."""
    role, said, message_id = message.role, message.parts, message.id
    if message.metadata or role not in ROLES or type(said) is not tuple:
        return None
    if message_id is not None and type(message_id) is not str:
        return None
    parts: list[Fields] = []
    for part in said:
        if type(part) is not TextPart or type(part.text) is not str or part.type != "text":
            return None
        parts.append({"text": part.text, "type": "text"})
    return {"role": role, "parts": parts, "id": message_id, "metadata": {}}


def plain_event_fields(event: RunEvent) -> Fields | None:
    """The engine's own, a piece of text, or an answer that is nothing but plain messages; None of
    any other event.
    """
    read = _READ.get(type(event))
    return None if read is None else read(event)


def _started(event: RunStarted) -> Fields:
    return {
        "run_id": event.run_id,
        "session_id": event.session_id,
        "attempt": event.attempt,
        "type": "run_started",
    }


def _received(event: InputReceived) -> Fields:
    return {"question_ids": event.question_ids, "type": "input_received"}


def _text(event: TextDelta) -> Fields | None:
    if type(event.text) is not str or event.message_id is not None:
        return None
    return {"text": event.text, "message_id": None, "type": "text_delta"}


def _reasoning(event: ReasoningDelta) -> Fields | None:
    return {"text": event.text, "type": "reasoning_delta"} if type(event.text) is str else None


def _completed(event: RunCompleted) -> Fields | None:
    result: RunResult = event.result
    if result.value is not None or result.outputs or result.artifacts or result.metadata:
        return None
    if result.usage is not None or type(result.messages) is not tuple:
        return None
    messages: list[Fields] = []
    for message in result.messages:
        fields = plain_fields(message)
        if fields is None:
            return None
        messages.append(fields)
    return {
        "result": {
            "messages": messages,
            "value": None,
            "outputs": {},
            "artifacts": (),
            "usage": None,
            "metadata": {},
        },
        "type": "run_completed",
    }


_READ: Final[Mapping[type[RunEvent], Callable[[Any], Fields | None]]] = {
    RunStarted: _started,
    InputReceived: _received,
    TextDelta: _text,
    ReasoningDelta: _reasoning,
    RunCompleted: _completed,
}

__all__ = ["Fields", "plain_event_fields", "plain_fields"]
