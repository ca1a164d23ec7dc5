"""A body of `POST /chat/completions` into what it asks for. Pure.

The request has the whole conversation, so the turn has no session. Only where it ends with the
outputs of calls that a run waits for, that run goes on instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from agent_host.types import (
    Caller,
    ChannelRequest,
    JsonObject,
    JsonValue,
    Message,
    Part,
    SessionMode,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from agent_host.types.message import Role
from agent_host.wire.json_text import parse_text
from agent_host_openai import schema
from agent_host_openai.body import parse_body
from agent_host_openai.config import OpenAIConfig
from agent_host_openai.content import ContentReader
from agent_host_openai.inbound import reader_of
from agent_host_openai.item import ItemInput, Reply
from agent_host_openai.model import ModelCatalogue
from agent_host_openai.problem import checked, invalid, missing, unsupported
from agent_host_openai.wish import (
    given,
    listed,
    to_format,
    to_metadata,
    to_tool_choice,
    to_tools,
)

STOP_LIMIT: Final = 4

_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatCall:
    """What a caller asks for. `wants_usage` is about streams; answers always have it."""

    given: ItemInput
    model: str
    stream: bool = False
    wants_usage: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    options: JsonObject = field(default_factory=dict[str, JsonValue])
    tools: tuple[JsonObject, ...] = ()

    def to_request(self, *, caller: Caller, idempotency_key: str | None) -> ChannelRequest:
        """The turn for it."""
        return ChannelRequest(
            caller=caller,
            input=self.given.messages,
            session_mode=SessionMode.DISABLED,
            options=self.options,
            client_tools=self.tools,
            metadata=self.metadata,
            stream=self.stream,
            idempotency_key=idempotency_key,
        )


def to_chat_call(raw: bytes, *, models: ModelCatalogue, config: OpenAIConfig) -> ChatCall:
    """Read a body.

    Raises:
        RequestError, WireError, TooLargeError, UnknownModelError: it is not as documented.
    """
    body = parse_body(raw, nesting_limit=config.nesting_limit)
    asked = checked(schema.ChatCreate, body)
    _refuse(asked)
    model, chosen = models.choose(asked.model)
    tools = to_tools(asked.tools, nested=True)
    choice = to_tool_choice(asked.tool_choice, tools)
    options = given(
        temperature=asked.temperature,
        top_p=asked.top_p,
        max_tokens=asked.max_completion_tokens or asked.max_tokens,
        presence_penalty=asked.presence_penalty,
        frequency_penalty=asked.frequency_penalty,
        seed=asked.seed,
        stop_sequences=_to_stop(asked.stop),
        parallel_tool_calls=asked.parallel_tool_calls,
        tool_choice=choice if tools else None,
        response_format=to_format(asked.response_format, "response_format"),
        reasoning=given(effort=asked.reasoning_effort) or None,
    )
    wants_usage = asked.stream_options is not None and asked.stream_options.include_usage is True
    return ChatCall(
        given=read_messages(asked.messages, reader_of(config)),
        model=model,
        stream=asked.stream is True,
        wants_usage=wants_usage,
        metadata=to_metadata(asked.metadata),
        options={**chosen, **options},
        tools=() if choice == "none" else tools,
    )


def read_messages(value: JsonValue, reader: ContentReader) -> ItemInput:
    """The messages of a chat.

    Raises:
        WireError: they are none, or one is not as documented.
    """
    if value is None:
        raise missing("messages")
    found = listed(value, "messages", schema.ITEMS_LIMIT)
    if not found:
        raise invalid("messages", "should have at least one message")
    messages: list[Message] = []
    names: dict[str, str] = {}
    tail: list[Reply] = []
    for position, entry in enumerate(found):
        param = f"messages[{position}]"
        if not isinstance(entry, Mapping):
            raise invalid(param, "should be an object")
        message = checked(schema.ChatMessage, entry, param)
        role = _ROLES.get(message.role)
        if role is None:
            raise unsupported(f"{param}.role", "functions were replaced by tools")
        if role == "tool":
            result = _result(message, reader, names=names, param=param)
            tail.append(Reply(id=result.call_id, value=result.result, param=param))
            messages.append(Message(role="tool", parts=(result,)))
            continue
        tail.clear()
        messages.append(Message(role=role, parts=_parts(message, reader, names=names, param=param)))
    return ItemInput(messages=tuple(messages), replies=tuple(tail), tail=tuple(tail))


def _parts(
    message: schema.ChatMessage, reader: ContentReader, *, names: dict[str, str], param: str
) -> tuple[Part, ...]:
    if message.role != "assistant":
        if message.content is None:
            raise missing(f"{param}.content")
        return reader.read(message.content, f"{param}.content")
    parts: list[Part] = []
    if message.content is not None:
        parts += reader.read(message.content, f"{param}.content")
    if message.refusal is not None:
        parts.append(TextPart(text=message.refusal))
    calls = listed(message.tool_calls, f"{param}.tool_calls", schema.TOOLS_LIMIT)
    for position, entry in enumerate(calls):
        where = f"{param}.tool_calls[{position}]"
        if not isinstance(entry, Mapping):
            raise invalid(where, "should be an object")
        call = checked(schema.ChatToolCall, entry, where)
        names[call.id] = call.function.name
        arguments = parse_text(call.function.arguments)
        parts.append(ToolCallPart(call_id=call.id, name=call.function.name, arguments=arguments))
    return tuple(parts)


def _result(
    message: schema.ChatMessage, reader: ContentReader, *, names: dict[str, str], param: str
) -> ToolResultPart:
    call_id = message.tool_call_id
    if call_id is None:
        raise missing(f"{param}.tool_call_id")
    if message.content is None:
        raise missing(f"{param}.content")
    parts = reader.read(message.content, f"{param}.content")
    text = "".join(part.text for part in parts if isinstance(part, TextPart))
    return ToolResultPart(call_id=call_id, name=names.get(call_id, ""), result=text)


def _to_stop(value: Any) -> Sequence[str] | None:  # noqa: ANN401 - JSON
    if value is None:
        return None
    if isinstance(value, str):
        return [value]
    stops = listed(value, "stop", STOP_LIMIT)
    if not all(isinstance(stop, str) for stop in stops):
        raise invalid("stop", "should be a string or a list of strings")
    return [str(stop) for stop in stops]


def _refuse(asked: schema.ChatCreate) -> None:
    if asked.n is not None and asked.n != 1:
        raise unsupported("n", "there is one answer")
    if asked.functions is not None:
        raise unsupported("functions", "use tools")
    if asked.audio is not None or asked.modalities not in (None, ["text"]):
        raise unsupported("modalities", "answers are text")
    if asked.logprobs:
        raise unsupported("logprobs", "the target's are not known")


__all__ = ["ChatCall", "read_messages", "to_chat_call"]
