"""What the wire takes: the models of request bodies and of the parts that both directions share.

Pydantic checks with these and the OpenAPI document is made from them, so a rule that is checked
elsewhere (see `inbound`) is still written here, as JSON Schema.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SkipValidation, WithJsonSchema

from agent_host.types.command import ARGUMENTS_LIMIT

SESSION_PATTERN: Final = r"^[A-Za-z0-9_][A-Za-z0-9_.:@+=~-]{0,255}$"
"""A session's id, or the caller's name for it. Fit for one segment of a URL's path."""

SESSION_RULE: Final = (
    "should be 1 to 256 of A-Z a-z 0-9 _ . : @ + = ~ - and begin with A-Z a-z 0-9 _"
)
MEDIA_TYPE_PATTERN: Final = (
    r"^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63}/[A-Za-z0-9*][A-Za-z0-9!#$&^_.+*-]{0,63}$"
)
FILE_NAME_PATTERN: Final = r"^[^\x00-\x1f\x7f/\\]{1,255}$"
BASE64_PATTERN: Final = r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
HTTPS_PATTERN: Final = r"^https://[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::[0-9]{1,5})?(?:[/?#][!-~]{0,2000})?$"
DATA_PATTERN: Final = (
    r"^data:(?:[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63})?"
    r"(?:;[A-Za-z0-9!#$&^_.+-]{1,64}=[A-Za-z0-9!#$&^_.+-]{0,64}){0,8}"
    r"(?:;base64,(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
    r"|,(?:[A-Za-z0-9!$&'()*+,./:;=?@_~-]|%[0-9A-Fa-f]{2})*)$"
)

ITEMS_LIMIT: Final = 1000
"""Messages in a request, and parts in a message."""

MESSAGE_KEYS: Final = frozenset({"role", "parts", "content"})
"""An input object with one of these is a message; any other is typed input."""

JsonMap: TypeAlias = dict[str, Any]
SessionName: TypeAlias = Annotated[str, Field(pattern=SESSION_PATTERN)]


def _one_of(*names: str) -> dict[str, Any]:
    """JSON Schema for "exactly one of these members is there and not null"."""
    return {
        "oneOf": [
            {
                "required": [chosen],
                "properties": {
                    name: {"not": {"type": "null"}} if name == chosen else {"type": "null"}
                    for name in names
                },
            }
            for chosen in names
        ]
    }


class WireModel(BaseModel):
    """Strict: no conversion of types, no unknown members."""

    model_config = ConfigDict(extra="forbid", strict=True)


class TextPart(WireModel):
    """Plain text."""

    type: Literal["text"]
    text: str


class FilePart(WireModel):
    """A file: its bytes as base64 in `data`, or a `uri`.

    A `data:` URI is decoded by the server. An `https:` URI is handed to the agent as it is; the
    server does not fetch it. Without `media_type` a `data:` URI's own counts, else
    `application/octet-stream`. `id` is the server's, for `GET /files/{id}` while it keeps the
    bytes; it means nothing in what you send.
    """

    model_config = ConfigDict(json_schema_extra=_one_of("data", "uri"))

    type: Literal["file"]
    media_type: Annotated[str, Field(pattern=MEDIA_TYPE_PATTERN)] | None = None
    name: Annotated[str, Field(pattern=FILE_NAME_PATTERN)] | None = None
    data: (
        Annotated[
            str,
            WithJsonSchema(
                {"type": "string", "contentEncoding": "base64", "pattern": BASE64_PATTERN}
            ),
        ]
        | None
    ) = None
    uri: (
        Annotated[
            str,
            WithJsonSchema(
                {
                    "type": "string",
                    "anyOf": [{"pattern": HTTPS_PATTERN}, {"pattern": DATA_PATTERN}],
                }
            ),
        ]
        | None
    ) = None
    id: str | None = None


class DataPart(WireModel):
    """A JSON value."""

    type: Literal["data"]
    data: Any
    media_type: str = Field(default="application/json", pattern=MEDIA_TYPE_PATTERN)


class ToolCallPart(WireModel):
    """A call the agent made."""

    type: Literal["tool_call"]
    call_id: str
    name: str
    arguments: Any = None


class ToolResultPart(WireModel):
    """What a call gave back."""

    type: Literal["tool_result"]
    call_id: str
    name: str
    result: Any = None
    is_error: bool = False


class ReasoningPart(WireModel):
    """The agent's thinking."""

    type: Literal["reasoning"]
    text: str
    metadata: JsonMap = {}


class ErrorPart(WireModel):
    """A failure inside an otherwise good message.

    The code `file_gone` stands in the place of a file whose bytes are not kept any more; `metadata`
    has its id, name, media type and size.
    """

    type: Literal["error"]
    code: str
    message: str
    metadata: JsonMap = {}


Part: TypeAlias = Annotated[
    TextPart | FilePart | DataPart | ToolCallPart | ToolResultPart | ReasoningPart | ErrorPart,
    Field(discriminator="type"),
]
UserPart: TypeAlias = Annotated[TextPart | FilePart | DataPart, Field(discriminator="type")]
AssistantPart: TypeAlias = Annotated[
    TextPart | FilePart | DataPart | ToolCallPart | ReasoningPart | ErrorPart,
    Field(discriminator="type"),
]

_CONTENT_OR_PARTS: Final = ConfigDict(json_schema_extra=_one_of("content", "parts"))


class UserMessage(WireModel):
    """What the person says, or with the role `system` what the caller tells the agent."""

    model_config = _CONTENT_OR_PARTS

    role: Literal["user", "system"] = "user"
    content: str | None = None
    parts: Annotated[list[UserPart], Field(min_length=1, max_length=ITEMS_LIMIT)] | None = None
    metadata: JsonMap = {}


class AssistantMessage(WireModel):
    """What the agent said earlier, for callers that keep the conversation themselves."""

    model_config = _CONTENT_OR_PARTS

    role: Literal["assistant"]
    content: str | None = None
    parts: Annotated[list[AssistantPart], Field(min_length=1, max_length=ITEMS_LIMIT)] | None = None
    metadata: JsonMap = {}


class ToolMessage(WireModel):
    """What the agent's tools answered earlier."""

    role: Literal["tool"]
    parts: Annotated[list[ToolResultPart], Field(min_length=1, max_length=ITEMS_LIMIT)]
    metadata: JsonMap = {}


InputMessage: TypeAlias = UserMessage | AssistantMessage | ToolMessage
TypedInput: TypeAlias = Annotated[
    JsonMap,
    WithJsonSchema(
        {
            "type": "object",
            "description": "Typed input: any object without the members role, parts and content.",
            "propertyNames": {"not": {"enum": sorted(MESSAGE_KEYS)}},
        }
    ),
]
Input: TypeAlias = (
    str
    | InputMessage
    | Annotated[list[str | InputMessage], Field(min_length=1, max_length=ITEMS_LIMIT)]
    | TypedInput
)


class IdentityName(WireModel):
    """One of your own identities on another channel."""

    channel: Annotated[str, Field(min_length=1, max_length=64)]
    account: Annotated[str, Field(min_length=1, max_length=255)] = "default"
    native_id: Annotated[str, Field(min_length=1, max_length=255)]


class PlainTarget(WireModel):
    """To whoever asked, or to nobody: the run keeps it."""

    kind: Literal["originating", "none"]


class PersonTarget(WireModel):
    """To where you were last, or to every identity of yours."""

    kind: Literal["active", "all_linked"]
    echo_input: bool = Field(default=False, description="Send what you said before the answer.")


class ChannelsTarget(WireModel):
    """To where you were last on each of these channels."""

    kind: Literal["channels"]
    channels: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64)]], Field(min_length=1, max_length=32)
    ]
    echo_input: bool = Field(default=False, description="Send what you said before the answer.")


class IdentitiesTarget(WireModel):
    """To these identities, as far as they are yours."""

    kind: Literal["identities"]
    identities: Annotated[list[IdentityName], Field(min_length=1, max_length=32)]
    echo_input: bool = Field(default=False, description="Send what you said before the answer.")


TargetBody: TypeAlias = Annotated[
    PlainTarget | PersonTarget | ChannelsTarget | IdentitiesTarget, Field(discriminator="kind")
]


class Invocation(WireModel):
    """One turn. Exactly one of `input` and `prompt` is given; they mean the same."""

    model_config = ConfigDict(
        json_schema_extra={
            **_one_of("input", "prompt"),
            "not": {
                "required": ["stream", "background"],
                "properties": {"stream": {"const": True}, "background": {"const": True}},
            },
        }
    )

    input: Annotated[
        SkipValidation[Input | None],
        Field(
            description="A text; a message; a list of texts and messages, oldest first; or any "
            "other object, which is typed input for a workflow."
        ),
    ] = None
    prompt: Annotated[
        SkipValidation[Input | None],
        Field(description="The same as input, by the name AgentCore's clients use."),
    ] = None
    session_id: SessionName | None = Field(
        default=None,
        description="A session's id as answered before, or a name of your own for it.",
    )
    stream: bool | None = Field(
        default=None, description="Answer with server-sent events. Overrides Accept."
    )
    background: bool | None = Field(
        default=None, description="Answer 202 at once and go on. Overrides Prefer."
    )
    options: JsonMap | None = Field(
        default=None, description="Wishes to the agent: model, temperature, whatever it knows."
    )
    metadata: JsonMap | None = Field(
        default=None, description="Kept with the run and handed back unread."
    )
    response_target: TargetBody | None = Field(
        default=None,
        description="Where the answer goes. Elsewhere than to you, it cannot be streamed: you are "
        "answered 202, and the answer goes there once it is ready.",
    )


class CommandInput(WireModel):
    """What a command is about."""

    arguments: str = Field(
        default="", max_length=ARGUMENTS_LIMIT, description="What stands behind its name."
    )
    session_id: SessionName | None = None


class RunAnswer(WireModel):
    """Answers to what a run asks: `answers` by question id, or `answer` to the only question."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {
                    "required": ["answers"],
                    "properties": {"answers": {"type": "object"}, "answer": False},
                },
                {"required": ["answer"], "properties": {"answers": {"type": "null"}}},
            ],
            "not": {
                "required": ["stream", "background"],
                "properties": {"stream": {"const": True}, "background": {"const": True}},
            },
        }
    )

    answers: Annotated[JsonMap, Field(min_length=1)] | None = None
    answer: Any = None
    stream: bool | None = Field(
        default=None, description="Answer with the events from here on. Overrides Accept."
    )
    background: bool | None = Field(
        default=None, description="Answer 202 at once. Overrides Prefer."
    )


PART_MODELS: Final[dict[str, type[WireModel]]] = {
    "text": TextPart,
    "file": FilePart,
    "data": DataPart,
    "tool_call": ToolCallPart,
    "tool_result": ToolResultPart,
    "reasoning": ReasoningPart,
    "error": ErrorPart,
}
MESSAGE_MODELS: Final[dict[str, type[UserMessage | AssistantMessage | ToolMessage]]] = {
    "user": UserMessage,
    "system": UserMessage,
    "assistant": AssistantMessage,
    "tool": ToolMessage,
}

__all__ = [
    "BASE64_PATTERN",
    "DATA_PATTERN",
    "FILE_NAME_PATTERN",
    "HTTPS_PATTERN",
    "ITEMS_LIMIT",
    "MEDIA_TYPE_PATTERN",
    "MESSAGE_KEYS",
    "MESSAGE_MODELS",
    "PART_MODELS",
    "SESSION_PATTERN",
    "SESSION_RULE",
    "AssistantMessage",
    "ChannelsTarget",
    "CommandInput",
    "DataPart",
    "ErrorPart",
    "FilePart",
    "IdentitiesTarget",
    "IdentityName",
    "Invocation",
    "JsonMap",
    "Part",
    "PersonTarget",
    "PlainTarget",
    "ReasoningPart",
    "RunAnswer",
    "TargetBody",
    "TextPart",
    "ToolCallPart",
    "ToolMessage",
    "ToolResultPart",
    "UserMessage",
    "WireModel",
]
