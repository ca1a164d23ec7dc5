"""A body of `POST /responses` into what it asks for. Pure: no framework, no network, no waiting.

What the host cannot do is refused, and what makes no difference to it is passed over; the README
has the list.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from agent_host.types import Caller, ChannelRequest, JsonObject, JsonValue, Message, SessionMode
from agent_host.types.quick_init import maker
from agent_host_openai import schema
from agent_host_openai.body import parse_body
from agent_host_openai.config import OpenAIConfig
from agent_host_openai.content import ContentReader
from agent_host_openai.item import ItemInput, read_input
from agent_host_openai.model import ModelCatalogue
from agent_host_openai.problem import checked, invalid, unsupported
from agent_host_openai.wish import (
    RESERVED,
    given,
    to_format,
    to_metadata,
    to_tool_choice,
    to_tools,
)

MARK: Final = "openai.turn"
"""Where a turn begins in a session's history: metadata of its first message."""

_ECHOED: Final = (
    "instructions",
    "previous_response_id",
    "max_output_tokens",
    "max_tool_calls",
    "parallel_tool_calls",
    "prompt_cache_key",
    "safety_identifier",
    "temperature",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
)
_NO_METADATA: Final[Mapping[str, str]] = {}
_PLAIN: Final = frozenset({"model", "input", "stream", "store", "background"})
"""A body of these alone has neither options nor anything to echo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCall:
    """What a caller asks for. `echo` is what of its request stands in the response, where that is
    not what it would be anyway.
    """

    given: ItemInput
    model: str
    previous: str | None = None
    conversation: str | None = None
    stream: bool = False
    background: bool = False
    store: bool = True
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    options: JsonObject = field(default_factory=dict[str, JsonValue])
    tools: tuple[JsonObject, ...] = ()
    echo: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def is_plain(self) -> bool:
        """Whether it begins something new and leads back to nothing."""
        return self.previous is None and self.conversation is None and not self.given.replies


def to_call(raw: bytes, *, models: ModelCatalogue, config: OpenAIConfig) -> ResponseCall:
    """Read a body.

    Raises:
        RequestError, WireError, TooLargeError, UnknownModelError: it is not as documented.
    """
    body = parse_body(raw, nesting_limit=config.nesting_limit)
    asked = checked(schema.ResponseCreate, body)
    _refuse(asked)
    model, chosen = models.choose(asked.model)
    tools: tuple[JsonObject, ...] = ()
    echo: dict[str, Any] = {}
    options = chosen
    if not body.keys() <= _PLAIN:
        tools = to_tools(asked.tools, nested=False)
        echo = {name: value for name in _ECHOED if (value := getattr(asked, name)) is not None}
        options = {**chosen, **_options(asked, tools=tools, echo=echo)}
    if model != models.default:
        echo["model"] = model
    conversation = asked.conversation
    if conversation is not None:
        if asked.previous_response_id is not None:
            raise invalid("previous_response_id", "excludes conversation")
        if not isinstance(conversation, str):
            conversation = conversation.id
        echo["conversation"] = conversation
    if type(asked.input) is str:
        message = Message.user(asked.input)
        said = _make_input(messages=(message,), said=(message,))
    else:
        said = read_input(asked.input, reader_of(config))
    return _make_call(
        given=said,
        model=model,
        previous=asked.previous_response_id,
        conversation=conversation,
        stream=asked.stream is True,
        background=asked.background is True,
        store=asked.store is not False,
        metadata=_NO_METADATA if asked.metadata is None else to_metadata(asked.metadata),
        options=options,
        tools=() if asked.tool_choice == "none" else tools,
        echo=echo,
    )


def to_request(
    call: ResponseCall,
    *,
    caller: Caller,
    history: tuple[Message, ...] = (),
    session: str | None = None,
    mark: str | None = None,
    idempotency_key: str | None = None,
) -> ChannelRequest:
    """The turn for it. `history` stands before what the caller sent, where the turn has a session
    of its own, or none.
    """
    messages = call.given.messages
    echo = dict(call.echo)
    if mark is not None:
        first = messages[0]
        messages = (replace(first, metadata={**first.metadata, MARK: mark}), *messages[1:])
        echo["mark"] = mark
    if len(messages) > 1:
        echo["inputs"] = len(messages)
    if not call.store:
        echo["store"] = False
    if call.background:
        echo["background"] = True
    if call.stream:
        echo["stream"] = True
    return _make_request(
        caller=caller,
        input=(*history, *messages),
        session=session,
        session_mode=SessionMode.AUTO if call.store else SessionMode.DISABLED,
        options=call.options,
        client_tools=call.tools,
        metadata={**call.metadata, RESERVED: echo} if echo else call.metadata,
        stream=call.stream and not call.background,
        background=call.background,
        idempotency_key=idempotency_key,
    )


def reader_of(config: OpenAIConfig) -> ContentReader:
    """For the contents of one request."""
    return ContentReader(files_limit=config.files_limit, file_limit_bytes=config.file_limit_bytes)


def _options(
    asked: schema.ResponseCreate, *, tools: tuple[JsonObject, ...], echo: dict[str, Any]
) -> dict[str, Any]:
    form = None if asked.text is None else to_format(asked.text.format, "text.format")
    choice = to_tool_choice(asked.tool_choice, tools)
    verbosity = None if asked.text is None else asked.text.verbosity
    if tools:
        echo["tools"] = tools
    if choice is not None:
        echo["tool_choice"] = choice
    if asked.reasoning is not None:
        echo["reasoning"] = {"effort": None, "summary": None, **asked.reasoning}
    if form is not None or verbosity is not None:
        echo["text"] = given(format=form or {"type": "text"}, verbosity=verbosity)
    return given(
        instructions=asked.instructions,
        temperature=asked.temperature,
        top_p=asked.top_p,
        max_tokens=asked.max_output_tokens,
        parallel_tool_calls=asked.parallel_tool_calls,
        tool_choice=choice if tools else None,
        reasoning=asked.reasoning,
        response_format=form,
        verbosity=verbosity,
    )


def _refuse(asked: schema.ResponseCreate) -> None:
    if asked.prompt is not None:
        raise unsupported("prompt", "this host keeps no prompt templates")
    if asked.background and asked.store is False:
        raise invalid("background", "needs the response to be stored")


_make_call = maker(ResponseCall)
_make_input = maker(ItemInput)
_make_request = maker(ChannelRequest)

__all__ = ["MARK", "ResponseCall", "reader_of", "to_call", "to_request"]
