"""Events of a run into the wire's JSON fields. Pure, and by hand: see `outbound`."""

from typing import Final

from agent_host.types import (
    ArtifactChunk,
    InputReceived,
    InputRequired,
    PartAdded,
    ProgressReported,
    ReasoningDelta,
    RunCancelled,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunStarted,
    StateChanged,
    StepFinished,
    StepStarted,
    TextDelta,
    ToolCallFinished,
    ToolCallStarted,
    UsageReported,
)
from agent_host_rest.value import (
    Fields,
    failure_fields,
    part_fields,
    question_fields,
    result_fields,
    usage_fields,
)

_PLAIN: Final[dict[type[RunEvent], tuple[str, ...]]] = {
    ReasoningDelta: ("text",),
    ProgressReported: ("text",),
    RunStarted: ("run_id", "session_id", "attempt"),
    RunCancelled: ("reason",),
    ToolCallStarted: ("call_id", "name", "arguments"),
    ToolCallFinished: ("call_id", "name", "result", "is_error"),
    StateChanged: ("patch",),
    StepStarted: ("step_id", "name"),
    StepFinished: ("step_id", "name", "output"),
    InputReceived: ("question_ids",),
}
"""Events whose members are JSON as they are."""


def event_fields(event: RunEvent) -> Fields:
    """The members of an event besides its type, which depend on it."""
    fields: Fields
    match event:
        case TextDelta():
            fields = {"text": event.text, "message_id": event.message_id}
        case RunCompleted():
            fields = {"result": result_fields(event.result)}
        case RunFailed():
            fields = {"failure": failure_fields(event.failure)}
        case PartAdded():
            fields = {"part": part_fields(event.part), "message_id": event.message_id}
        case ArtifactChunk():
            fields = _artifact_chunk_fields(event)
        case InputRequired():
            fields = {"questions": [question_fields(question) for question in event.questions]}
        case UsageReported():
            fields = {"usage": usage_fields(event.usage)}
        case _:
            fields = {name: getattr(event, name) for name in _PLAIN[type(event)]}
    return fields


def _artifact_chunk_fields(chunk: ArtifactChunk) -> Fields:
    return {
        "artifact_id": chunk.artifact_id,
        "name": chunk.name,
        "description": chunk.description,
        "parts": [part_fields(part) for part in chunk.parts],
        "append": chunk.append,
        "last": chunk.last,
        "metadata": chunk.metadata,
    }


__all__ = ["event_fields"]
