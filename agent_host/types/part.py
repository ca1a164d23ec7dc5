"""The closed union of what a message can carry. Nothing is flattened to text inside the host;
a channel's `outbound` decides what its wire can show.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from agent_host.types.identifier import FileId
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.quick_init import quick_init


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """Plain text."""

    text: str
    type: Literal["text"] = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """A file, by its bytes or by a URI: exactly one of `data` and `uri` is set.

    `id` and `size_bytes` are the host's: it sets them once it keeps the bytes. In a stored record
    they stand for the bytes; nobody outside the host is given a part without them.
    """

    media_type: str
    data: bytes | None = None
    uri: str | None = None
    name: str | None = None
    id: FileId | None = None
    size_bytes: int | None = None
    type: Literal["file"] = "file"

    def __post_init__(self) -> None:
        if self.data is None and self.uri is None and self.id is not None:
            return
        if (self.data is None) == (self.uri is None):
            message = "a FilePart has either data or uri, and not both"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPart:
    """A JSON value."""

    data: JsonValue
    media_type: str = "application/json"
    type: Literal["data"] = "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallPart:
    """A call the agent made; `arguments` is the decoded JSON."""

    call_id: str
    name: str
    arguments: JsonValue = None
    type: Literal["tool_call"] = "tool_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResultPart:
    """What a call gave back; `is_error` says that the tool failed and `result` tells how."""

    call_id: str
    name: str
    result: JsonValue = None
    is_error: bool = False
    type: Literal["tool_result"] = "tool_result"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningPart:
    """The agent's thinking, where it shows any. `metadata` keeps a provider's signature."""

    text: str
    metadata: JsonObject = field(default_factory=dict[str, JsonValue])
    type: Literal["reasoning"] = "reasoning"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPart:
    """A failure inside an otherwise good message. `message` is safe to show to anyone.

    Where a file's bytes are gone, such a part with the code `file_gone` stands in its place.
    """

    code: str
    message: str
    metadata: JsonObject = field(default_factory=dict[str, JsonValue])
    type: Literal["error"] = "error"


Part: TypeAlias = (
    TextPart | FilePart | DataPart | ToolCallPart | ToolResultPart | ReasoningPart | ErrorPart
)

__all__ = [
    "DataPart",
    "ErrorPart",
    "FilePart",
    "Part",
    "ReasoningPart",
    "TextPart",
    "ToolCallPart",
    "ToolResultPart",
]
