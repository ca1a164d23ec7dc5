"""What the wire takes: the models of request bodies and of input items.

OpenAI's API reference (https://platform.openai.com/docs/api-reference, OpenAPI 2.3.0): `responses`,
`conversations`, `chat.completions`. Members that are not named here are passed over, as OpenAI adds
some every month; what is named and cannot be done is refused in `inbound`. Lists and maps of
unknown size are `Any` here and walked by hand: pydantic writes a complaint about every bad item.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

ITEMS_LIMIT: Final = 1000
"""Items of an input, messages of a chat, parts of a content."""

TOOLS_LIMIT: Final = 128
METADATA_LIMIT_KEYS: Final = 16
METADATA_KEY_LIMIT: Final = 64
METADATA_VALUE_LIMIT: Final = 512
CALL_ID_LIMIT: Final = 256
TOOL_NAME_PATTERN: Final = r"^[a-zA-Z0-9_-]{1,64}$"

Temperature: TypeAlias = Annotated[float, Field(ge=0, le=2)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Penalty: TypeAlias = Annotated[float, Field(ge=-2, le=2)]
Count: TypeAlias = Annotated[int, Field(ge=1, le=2**53)]
CallId: TypeAlias = Annotated[str, Field(min_length=1, max_length=CALL_ID_LIMIT)]
ToolName: TypeAlias = Annotated[str, Field(min_length=1, max_length=128)]


class WireModel(BaseModel):
    """No conversion of types; unknown members are passed over."""

    model_config = ConfigDict(extra="ignore", strict=True)


class ConversationReference(WireModel):
    """A conversation by its id."""

    id: str


class TextConfig(WireModel):
    """How the text should be: `format` is checked in `inbound`."""

    format: Any = None
    verbosity: str | None = None


class ResponseCreate(WireModel):
    """`POST /responses`."""

    model: str | None = None
    input: Any = None
    instructions: str | None = None
    previous_response_id: str | None = None
    conversation: str | ConversationReference | None = None
    stream: bool | None = None
    background: bool | None = None
    store: bool | None = None
    metadata: Any = None
    tools: Any = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    temperature: Temperature | None = None
    top_p: Share | None = None
    max_output_tokens: Count | None = None
    max_tool_calls: Count | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    text: TextConfig | None = None
    reasoning: dict[str, Any] | None = None
    truncation: Literal["auto", "disabled"] | None = None
    service_tier: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    user: str | None = None
    prompt: Any = None


class ChatStreamOptions(WireModel):
    """`include_usage` asks for a last chunk with what was spent."""

    include_usage: bool | None = None


class ChatCreate(WireModel):
    """`POST /chat/completions`."""

    model: str | None = None
    messages: Any = None
    stream: bool | None = None
    stream_options: ChatStreamOptions | None = None
    n: int | None = None
    metadata: Any = None
    tools: Any = None
    tool_choice: Any = None
    functions: Any = None
    parallel_tool_calls: bool | None = None
    temperature: Temperature | None = None
    top_p: Share | None = None
    max_tokens: Count | None = None
    max_completion_tokens: Count | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    seed: int | None = None
    stop: Any = None
    response_format: Any = None
    reasoning_effort: str | None = None
    modalities: Any = None
    audio: Any = None
    logprobs: bool | None = None


class ConversationCreate(WireModel):
    """`POST /conversations`."""

    metadata: Any = None
    items: Any = None


class ConversationUpdate(WireModel):
    """`POST /conversations/{id}`."""

    metadata: Any


class ItemsCreate(WireModel):
    """`POST /conversations/{id}/items`."""

    items: Any


class InputMessage(WireModel):
    """A message, as people write it and as the API gives it back. `content` is walked by hand."""

    role: Literal["user", "assistant", "system", "developer"]
    content: Any
    type: Literal["message"] = "message"


class FunctionCallItem(WireModel):
    """A call that the model made earlier."""

    call_id: CallId
    name: ToolName
    arguments: str


class FunctionCallOutputItem(WireModel):
    """What the caller's tool gave back."""

    call_id: CallId
    output: Any


class CustomToolCallItem(WireModel):
    """A call of a custom tool that the model made earlier."""

    call_id: CallId
    name: ToolName
    input: str


class ApprovalResponseItem(WireModel):
    """Yes or no to an `mcp_approval_request`."""

    approval_request_id: CallId
    approve: bool
    reason: str | None = None


class ReasoningItem(WireModel):
    """What the model thought earlier."""

    summary: Any = None
    content: Any = None


class McpCallItem(WireModel):
    """A call of the target's own tool, as this channel shows them."""

    id: CallId
    name: ToolName
    arguments: str
    output: str | None = None
    error: Any = None


class FunctionTool(WireModel):
    """A function of the caller's. `strict` is handed on and not enforced by the channel."""

    name: Annotated[str, Field(pattern=TOOL_NAME_PATTERN)]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ChatMessage(WireModel):
    """One message of a chat; `content` and `tool_calls` are walked by hand."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Any = None
    name: str | None = None
    tool_calls: Any = None
    tool_call_id: CallId | None = None
    refusal: str | None = None


class ChatFunction(WireModel):
    """The function of a call."""

    name: ToolName
    arguments: str


class ChatToolCall(WireModel):
    """A call in an assistant's message."""

    id: CallId
    function: ChatFunction


__all__ = [
    "CALL_ID_LIMIT",
    "ITEMS_LIMIT",
    "METADATA_KEY_LIMIT",
    "METADATA_LIMIT_KEYS",
    "METADATA_VALUE_LIMIT",
    "TOOLS_LIMIT",
    "TOOL_NAME_PATTERN",
    "ApprovalResponseItem",
    "ChatCreate",
    "ChatFunction",
    "ChatMessage",
    "ChatStreamOptions",
    "ChatToolCall",
    "ConversationCreate",
    "ConversationReference",
    "ConversationUpdate",
    "CustomToolCallItem",
    "FunctionCallItem",
    "FunctionCallOutputItem",
    "FunctionTool",
    "InputMessage",
    "ItemsCreate",
    "McpCallItem",
    "ReasoningItem",
    "ResponseCreate",
    "TextConfig",
    "WireModel",
]
