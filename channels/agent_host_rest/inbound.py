"""Bodies of the wire into `ChannelRequest`s. Pure: no framework, no network, no waiting.

The rules that wire models cannot say (nesting, sizes, either-or) are kept here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from agent_host.errors import NoQuestionError, TooLargeError
from agent_host.types import (
    Caller,
    ChannelRequest,
    CommandRequest,
    DataPart,
    ErrorPart,
    FilePart,
    JsonValue,
    Message,
    Part,
    Question,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from agent_host.types.quick_init import maker
from agent_host.wire.json_text import json_bytes, parse_json
from agent_host_rest import schema
from agent_host_rest.config import RestConfig
from agent_host_rest.file_part import to_file_part
from agent_host_rest.response_target import to_response_target
from agent_host_rest.validation import Path, checked, invalid
from agent_host_rest.wish import Wishes

_STREAM_AND_BACKGROUND: Final = (
    "cannot be true together with background; start in the background and follow the events of "
    "the run"
)
_STREAM_AND_ELSEWHERE: Final = (
    "cannot be true where the answer goes elsewhere; follow the events of the run"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRequest:
    """What a caller answers. `values` is None where it gave one value for the only question."""

    values: Mapping[str, JsonValue] | None
    value: JsonValue = None
    stream: bool = False
    background: bool = False

    def by_question(self, questions: Sequence[Question]) -> Mapping[str, JsonValue]:
        """The values by question id.

        Raises:
            NoQuestionError: one value was given, and not exactly one question is open.
        """
        if self.values is not None:
            return self.values
        if not questions:
            message = "The run asks nothing."
            raise NoQuestionError(message)
        if len(questions) > 1:
            known = ", ".join(question.id for question in questions)
            message = f"The run asks several questions; answer each by its id: {known}."
            raise NoQuestionError(message)
        return {questions[0].id: self.value}


def to_request(
    raw: bytes,
    wishes: Wishes,
    *,
    caller: Caller,
    config: RestConfig,
    files: tuple[FilePart, ...] = (),
) -> ChannelRequest:
    """The turn a caller asks for; `files` were uploaded beside the body.

    Raises:
        RequestError, InvalidInputError, TooLargeError: it is not as documented.
    """
    body = parse_json(raw, nesting_limit=config.nesting_limit)
    if not isinstance(body, Mapping):
        raise invalid(((), "should be a JSON object"))
    invocation = checked(schema.Invocation, body)
    name = "input" if body.get("prompt") is None else "prompt"
    given = body.get(name)
    if name == "prompt" and body.get("input") is not None:
        raise invalid((("prompt",), "is another name of input; give one of them"))
    if type(given) is str:
        messages: tuple[Message, ...] = (Message.user(given),)
    else:
        messages = _to_messages(given, config=config, path=(name,))
        _check_files(messages, config)
    if files:
        messages = _with_files(messages, files)
        _check_files(messages, config)
    if invocation.metadata:
        _check_metadata(invocation.metadata, config)
    stream, background = _to_mode(invocation.stream, invocation.background, wishes)
    target = to_response_target(invocation, config)
    if target.kind != "originating":
        if invocation.stream:
            raise invalid((("stream",), _STREAM_AND_ELSEWHERE))
        stream, background = False, True
    return _make_request(
        caller=caller,
        input=messages,
        session=invocation.session_id if invocation.session_id is not None else wishes.session,
        options=invocation.options or {},
        metadata=invocation.metadata or {},
        stream=stream,
        background=background,
        response_target=target,
        idempotency_key=wishes.idempotency_key,
    )


def to_answer(raw: bytes, wishes: Wishes, *, config: RestConfig) -> AnswerRequest:
    """The answers to a run's questions.

    Raises:
        RequestError, InvalidInputError: it is not as documented.
    """
    body = parse_json(raw, nesting_limit=config.nesting_limit)
    if not isinstance(body, Mapping):
        raise invalid(((), "should be a JSON object"))
    answer = checked(schema.RunAnswer, body)
    if ("answer" in answer.model_fields_set) == (answer.answers is not None):
        raise invalid(((), "needs exactly one of answer and answers"))
    stream, background = _to_mode(answer.stream, answer.background, wishes)
    return AnswerRequest(
        values=answer.answers, value=answer.answer, stream=stream, background=background
    )


def to_command(raw: bytes, name: str, *, caller: Caller, config: RestConfig) -> CommandRequest:
    """The command that a caller gives.

    Raises:
        RequestError, InvalidInputError: it is not as documented.
    """
    body = parse_json(raw, nesting_limit=config.nesting_limit)
    if not isinstance(body, Mapping):
        raise invalid(((), "should be a JSON object"))
    given = checked(schema.CommandInput, body)
    return CommandRequest(
        caller=caller, name=name, arguments=given.arguments, session=given.session_id
    )


def _to_mode(stream: bool | None, background: bool | None, wishes: Wishes) -> tuple[bool, bool]:  # noqa: FBT001
    """The body's word first, then Accept, then Prefer, which is a wish that may go unheard."""
    if stream and background:
        raise invalid((("stream",), _STREAM_AND_BACKGROUND))
    if background:
        return False, True
    streams = wishes.stream if stream is None else stream
    if streams or background is False:
        return streams, False
    return False, wishes.background


def _to_messages(value: JsonValue, *, config: RestConfig, path: Path) -> tuple[Message, ...]:
    if value is None:
        raise invalid(((), "needs an input"))
    if isinstance(value, Mapping):
        if schema.MESSAGE_KEYS.isdisjoint(value):
            return (Message(role="user", parts=(DataPart(data=value),)),)
        return (_to_message(value, config=config, path=path),)
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise invalid((path, "should be a string, an object or a list of messages"))
    if not 0 < len(value) <= schema.ITEMS_LIMIT:
        raise invalid((path, f"should have 1 to {schema.ITEMS_LIMIT} messages"))
    return tuple(
        _to_message(item, config=config, path=(*path, index)) for index, item in enumerate(value)
    )


def _to_message(value: JsonValue, *, config: RestConfig, path: Path) -> Message:
    if isinstance(value, str):
        return Message.user(value)
    if not isinstance(value, Mapping):
        raise invalid((path, "should be a string or a message object"))
    if schema.MESSAGE_KEYS.isdisjoint(value):
        raise invalid((path, "should be a message: an object with parts or content"))
    role = value.get("role", "user")
    model = schema.MESSAGE_MODELS.get(role) if isinstance(role, str) else None
    if model is None:
        raise invalid(((*path, "role"), f"should be one of {', '.join(schema.MESSAGE_MODELS)}"))
    message = checked(model, value, path)
    content = None if isinstance(message, schema.ToolMessage) else message.content
    parts: Sequence[schema.Part] | None = message.parts
    if (content is None) == (parts is None):
        raise invalid((path, "needs exactly one of content and parts"))
    if parts is None:
        values: tuple[Part, ...] = (TextPart(text=content or ""),)
    else:
        values = tuple(
            _to_part(part, config=config, path=(*path, "parts", index))
            for index, part in enumerate(parts)
        )
    return Message(role=message.role, parts=values, metadata=message.metadata)


def _to_part(part: schema.Part, *, config: RestConfig, path: Path) -> Part:
    value: Part
    match part:
        case schema.TextPart():
            value = TextPart(text=part.text)
        case schema.FilePart():
            value = to_file_part(part, limit_bytes=config.file_limit_bytes, path=path)
        case schema.DataPart():
            value = DataPart(data=part.data, media_type=part.media_type)
        case schema.ToolCallPart():
            value = ToolCallPart(call_id=part.call_id, name=part.name, arguments=part.arguments)
        case schema.ToolResultPart():
            value = ToolResultPart(
                call_id=part.call_id, name=part.name, result=part.result, is_error=part.is_error
            )
        case schema.ReasoningPart():
            value = ReasoningPart(text=part.text, metadata=part.metadata)
        case schema.ErrorPart():
            value = ErrorPart(code=part.code, message=part.message, metadata=part.metadata)
    return value


def _with_files(messages: tuple[Message, ...], files: tuple[FilePart, ...]) -> tuple[Message, ...]:
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if message.role == "user":
            joined = replace(message, parts=(*message.parts, *files))
            return (*messages[:index], joined, *messages[index + 1 :])
    return (*messages, Message(role="user", parts=files))


def _check_files(messages: tuple[Message, ...], config: RestConfig) -> None:
    count = sum(isinstance(part, FilePart) for message in messages for part in message.parts)
    if count > config.files_limit:
        message = f"A request may have at most {config.files_limit} files."
        raise TooLargeError(message)


def _check_metadata(metadata: Mapping[str, JsonValue], config: RestConfig) -> None:
    if len(metadata) > config.metadata_limit_keys:
        message = f"metadata may have at most {config.metadata_limit_keys} members."
        raise TooLargeError(message)
    if len(json_bytes(metadata)) > config.metadata_limit_bytes:
        message = f"metadata may have at most {config.metadata_limit_bytes} bytes of JSON."
        raise TooLargeError(message)


_make_request = maker(ChannelRequest)

__all__ = ["AnswerRequest", "to_answer", "to_command", "to_request"]
