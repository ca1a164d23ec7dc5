"""Messages, parts and results into the wire's JSON fields. Pure, and by hand: see `outbound`."""

from base64 import b64encode
from typing import Any, Final, TypeAlias

from agent_host.types import (
    Artifact,
    DataPart,
    ErrorPart,
    FilePart,
    Message,
    Part,
    Question,
    ReasoningPart,
    RunFailure,
    RunResult,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Usage,
)

Fields: TypeAlias = dict[str, Any]

_NO_RESULT: Final = RunResult()


def result_fields(result: RunResult | None) -> Fields:
    """What a run left behind; of a run without a result, the same members with nothing."""
    if result is None:
        result = _NO_RESULT
    return {
        "output_text": None if result is _NO_RESULT else result.text,
        "messages": [message_fields(message) for message in result.messages],
        "value": result.value,
        "outputs": result.outputs,
        "artifacts": [artifact_fields(artifact) for artifact in result.artifacts],
        "usage": None if result.usage is None else usage_fields(result.usage),
        "result_metadata": result.metadata,
    }


def message_fields(message: Message) -> Fields:
    """A message."""
    return {
        "id": message.id,
        "role": message.role,
        "parts": [part_fields(part) for part in message.parts],
        "metadata": message.metadata,
    }


def part_fields(part: Part) -> Fields:
    """A part, with every member of its kind."""
    fields: Fields
    match part:
        case TextPart():
            fields = {"type": "text", "text": part.text}
        case FilePart():
            fields = {
                "type": "file",
                "media_type": part.media_type,
                "name": part.name,
                "data": None if part.data is None else b64encode(part.data).decode("ascii"),
                "uri": part.uri,
                "id": part.id,
            }
        case DataPart():
            fields = {"type": "data", "data": part.data, "media_type": part.media_type}
        case ToolCallPart():
            fields = {
                "type": "tool_call",
                "call_id": part.call_id,
                "name": part.name,
                "arguments": part.arguments,
            }
        case ToolResultPart():
            fields = {
                "type": "tool_result",
                "call_id": part.call_id,
                "name": part.name,
                "result": part.result,
                "is_error": part.is_error,
            }
        case ReasoningPart():
            fields = {"type": "reasoning", "text": part.text, "metadata": part.metadata}
        case ErrorPart():
            fields = {
                "type": "error",
                "code": part.code,
                "message": part.message,
                "metadata": part.metadata,
            }
    return fields


def question_fields(question: Question) -> Fields:
    """An open question."""
    return {
        "id": question.id,
        "kind": question.kind,
        "prompt": question.prompt,
        "schema": question.schema,
        "metadata": question.metadata,
    }


def failure_fields(failure: RunFailure) -> Fields:
    """Why a run failed."""
    return {"code": failure.code, "message": failure.message, "retryable": failure.retryable}


def usage_fields(usage: Usage) -> Fields:
    """What a run spent."""
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_input_tokens": usage.cached_input_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "requests": usage.requests,
    }


def artifact_fields(artifact: Artifact) -> Fields:
    """A whole artifact."""
    return {
        "id": artifact.id,
        "name": artifact.name,
        "description": artifact.description,
        "parts": [part_fields(part) for part in artifact.parts],
        "metadata": artifact.metadata,
    }


__all__ = [
    "Fields",
    "artifact_fields",
    "failure_fields",
    "message_fields",
    "part_fields",
    "question_fields",
    "result_fields",
    "usage_fields",
]
