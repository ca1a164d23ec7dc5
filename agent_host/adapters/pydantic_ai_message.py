"""Messages between the host and Pydantic AI, both ways. Pure functions.

What Pydantic AI's messages hold and ours cannot is kept beside ours, see `fidelity`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, cast

from pydantic import ValidationError
from pydantic_ai import messages as sdk

from agent_host.adapters.fidelity import seal, unseal, unsealed
from agent_host.adapters.part_text import to_text
from agent_host.calling.answer import to_json, to_json_text
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.message import Message, Role
from agent_host.types.part import (
    FilePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from agent_host.types.turn import Turn

KEY: Final = "agent_host.pydantic_ai.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a run of an agent is given. `instructions` are the system messages of the conversation,
    and the caller's option of that name for this turn alone; they are added to the agent's own and
    never replace them.
    """

    content: Sequence[sdk.UserContent] | None
    history: Sequence[sdk.ModelMessage]
    instructions: str | None


def to_prompt(turn: Turn) -> Prompt:
    """The turn as an agent takes it: the last new messages of the user are the prompt."""
    earlier = () if turn.history is None else turn.history.messages
    added = [message for message in unsealed(turn.messages) if message.role != "system"]
    messages = [*(message for message in earlier if message.role != "system"), *added]
    new = len(added)
    content: list[sdk.UserContent] = []
    while new and messages[-1].role == "user":
        content[:0] = _to_content(messages.pop().parts)
        new -= 1
    system = [message.text for message in turn.conversation_messages if message.role == "system"]
    of_this_turn = turn.options.get("instructions")
    if isinstance(of_this_turn, str):
        system.append(of_this_turn)
    return Prompt(
        content=content or None,
        # A call left open is closed: the agent would run it, and who knows who wrote it.
        history=sdk.repair_messages(to_model_messages(messages)),
        instructions="\n\n".join(text for text in system if text) or None,
    )


def to_model_messages(messages: Iterable[Message]) -> list[sdk.ModelMessage]:
    """Host history as Pydantic AI's: the kept form where it is intact, else converted."""
    converted: list[sdk.ModelMessage] = []
    for message in messages:
        kept = _kept(message)
        converted.extend(_convert(message) if kept is None else kept)
    return converted


def _kept(message: Message) -> list[sdk.ModelMessage] | None:
    form = unseal(message, KEY)
    if form is None:
        return None
    try:
        return sdk.ModelMessagesTypeAdapter.validate_python(form)
    except ValidationError:
        return None


def _convert(message: Message) -> list[sdk.ModelMessage]:
    if message.role == "user" and message.parts:
        return [sdk.ModelRequest(parts=[sdk.UserPromptPart(content=_to_content(message.parts))])]
    converted: list[sdk.ModelMessage] = []
    responses: list[sdk.ModelResponsePart] = []
    requests: list[sdk.ModelRequestPart] = []
    for part in message.parts:
        if isinstance(part, ToolResultPart):
            requests.append(_to_return(part))
        elif message.role == "tool":
            requests.append(sdk.UserPromptPart(content=_to_content((part,))))
        else:
            responses.append(_to_response_part(part))
    if responses:
        converted.append(sdk.ModelResponse(parts=responses))
    if requests:
        converted.append(sdk.ModelRequest(parts=requests))
    return converted


def _to_return(part: ToolResultPart) -> sdk.ToolReturnPart:
    return sdk.ToolReturnPart(
        tool_name=part.name,
        content=part.result,
        tool_call_id=part.call_id,
        outcome="failed" if part.is_error else "success",
    )


def _to_response_part(part: Part) -> sdk.ModelResponsePart:
    match part:
        case ReasoningPart():
            return sdk.ThinkingPart(
                content=part.text,
                id=_text_of(part.metadata, "id"),
                provider_name=_text_of(part.metadata, "provider_name"),
                signature=_text_of(part.metadata, "signature"),
            )
        case ToolCallPart():
            arguments = part.arguments
            return sdk.ToolCallPart(
                tool_name=part.name,
                args=cast("dict[str, object] | None", arguments)
                if arguments is None or isinstance(arguments, dict)
                else to_json_text(arguments),
                tool_call_id=part.call_id,
            )
        case FilePart(data=bytes() as data):
            return sdk.FilePart(content=sdk.BinaryContent(data=data, media_type=part.media_type))
        case _:
            return sdk.TextPart(content=to_text(part))


def _text_of(metadata: JsonObject, name: str) -> str | None:
    value = metadata.get(name)
    return value if isinstance(value, str) else None


def _to_content(parts: Iterable[Part]) -> list[sdk.UserContent]:
    return [_to_file(part) if isinstance(part, FilePart) else to_text(part) for part in parts]


def _to_file(part: FilePart) -> sdk.UserContent:
    if part.data is not None:
        binary = sdk.BinaryContent(data=part.data, media_type=part.media_type, identifier=part.name)
        return sdk.BinaryContent.narrow_type(binary)
    url = part.uri or ""
    match part.media_type.split("/", 1)[0]:
        case "image":
            return sdk.ImageUrl(url=url, media_type=part.media_type, identifier=part.name)
        case "audio":
            return sdk.AudioUrl(url=url, media_type=part.media_type, identifier=part.name)
        case "video":
            return sdk.VideoUrl(url=url, media_type=part.media_type, identifier=part.name)
        case _:
            return sdk.DocumentUrl(url=url, media_type=part.media_type, identifier=part.name)


def from_model_messages(
    new: Sequence[sdk.ModelMessage],
    *,
    output_calls: frozenset[str] = frozenset(),
    value: JsonValue = None,
) -> tuple[Message, ...]:
    """What a run added, as ours. The user's own prompt, which the host has, is left out.

    `output_calls` are the calls by which the model handed in `value`: they are plumbing, so in
    their place the answer shows `value` as JSON text. All else that ours cannot show is kept with
    the message it belongs to.
    """
    added = list(new)
    if added and isinstance(added[0], sdk.ModelRequest):
        del added[0]
    last_output = _last_output(added, output_calls)
    messages: list[Message] = []
    kept: list[sdk.ModelMessage] = []
    for model_message in added:
        role, parts = _from_model_message(model_message, output_calls)
        if model_message is last_output:
            parts = (*parts, TextPart(text=to_json_text(value)))
        kept.append(model_message)
        if parts:
            messages.append(_with_form(Message(role=role, parts=parts), kept))
            kept = []
    if kept and messages:
        earlier = _kept(messages[-1]) or []
        messages[-1] = _with_form(messages[-1], [*earlier, *kept])
    return tuple(messages)


def _with_form(message: Message, form: list[sdk.ModelMessage]) -> Message:
    dumped: JsonValue = sdk.ModelMessagesTypeAdapter.dump_python(form, mode="json")
    return seal(message, KEY, dumped)


def _last_output(
    messages: Sequence[sdk.ModelMessage], output_calls: frozenset[str]
) -> sdk.ModelMessage | None:
    for message in reversed(messages):
        for part in message.parts:
            if isinstance(part, sdk.ToolCallPart) and part.tool_call_id in output_calls:
                return message
    return None


def _from_model_message(
    message: sdk.ModelMessage, output_calls: frozenset[str]
) -> tuple[Role, tuple[Part, ...]]:
    parts = tuple(
        converted for part in message.parts for converted in _from_part(part, output_calls)
    )
    if isinstance(message, sdk.ModelResponse):
        return "assistant", parts
    has_results = any(isinstance(part, ToolResultPart) for part in parts)
    return ("tool" if has_results else "user"), parts


def _from_part(
    part: sdk.ModelRequestPart | sdk.ModelResponsePart, output_calls: frozenset[str]
) -> Iterable[Part]:
    match part:
        case sdk.TextPart() if part.content:
            yield TextPart(text=part.content)
        case sdk.ThinkingPart() if part.content:
            yield ReasoningPart(text=part.content, metadata=_reasoning_metadata(part))
        case sdk.BaseToolCallPart() if part.tool_call_id not in output_calls:
            yield ToolCallPart(
                call_id=part.tool_call_id, name=part.tool_name, arguments=to_arguments(part)
            )
        case sdk.BaseToolReturnPart() if part.tool_call_id not in output_calls:
            yield ToolResultPart(
                call_id=part.tool_call_id,
                name=part.tool_name,
                result=to_json(part.content),
                is_error=is_error(part),
            )
        case sdk.FilePart():
            yield from_binary(part.content)
        case sdk.UserPromptPart():
            content = [part.content] if isinstance(part.content, str) else part.content
            yield from (found for item in content if (found := _from_content(item)) is not None)
        case _:
            return


def _reasoning_metadata(part: sdk.ThinkingPart) -> JsonObject:
    known = {"id": part.id, "provider_name": part.provider_name, "signature": part.signature}
    return {name: value for name, value in known.items() if value is not None}


def _from_content(item: sdk.UserContent) -> Part | None:
    match item:
        case str():
            return TextPart(text=item)
        case sdk.TextContent():
            return TextPart(text=item.content)
        case sdk.BinaryContent():
            return from_binary(item)
        case sdk.FileUrl():
            return FilePart(media_type=item.media_type, uri=item.url)
        case _:
            return None


def from_binary(content: sdk.BinaryContent) -> FilePart:
    """A file that a model made or was given."""
    return FilePart(media_type=content.media_type, data=content.data)


def to_arguments(part: sdk.BaseToolCallPart[object]) -> JsonValue:
    """A call's arguments as JSON; as the text the model wrote where that is none."""
    if isinstance(part.args, str):
        try:
            return to_json(part.args_as_dict(raise_if_invalid=True))
        except (AssertionError, ValueError):
            return part.args
    return to_json(part.args)


def is_error(part: sdk.BaseToolReturnPart[object]) -> bool:
    """Whether the tool did not do what it was called for."""
    return part.outcome != "success"


__all__ = [
    "KEY",
    "Prompt",
    "from_binary",
    "from_model_messages",
    "is_error",
    "to_arguments",
    "to_model_messages",
    "to_prompt",
]
