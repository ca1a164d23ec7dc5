"""A part as text, for a model that can take it in no other way."""

from agent_host.calling.answer import to_json_text
from agent_host.types.part import (
    DataPart,
    ErrorPart,
    FilePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)


def to_text(part: Part) -> str:
    """Text as it is, JSON as JSON, a file by where it is or what it is called."""
    match part:
        case TextPart() | ReasoningPart():
            return part.text
        case DataPart():
            return to_json_text(part.data)
        case ErrorPart():
            return part.message
        case FilePart():
            return part.uri or part.name or part.media_type
        case ToolCallPart():
            return to_json_text(part.arguments)
        case ToolResultPart():
            return to_json_text(part.result)


__all__ = ["to_text"]
