"""Messages between the host and LangChain, both ways. Pure functions.

What LangChain's messages hold and ours cannot is kept beside ours, see `fidelity`.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias, cast

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    message_to_dict,
    messages_from_dict,
)

from agent_host.adapters.fidelity import seal, unseal
from agent_host.adapters.part_text import to_text
from agent_host.calling.answer import to_json, to_json_text
from agent_host.types.json import JsonValue
from agent_host.types.message import Message, Role
from agent_host.types.part import (
    FilePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

KEY: Final = "agent_host.langchain.v1"
_MEDIA: Final = ("image", "audio", "video")
_FILES: Final = (*_MEDIA, "file")

# LangChain's own: content is text, or blocks that are open dictionaries.
Block: TypeAlias = dict[str, object]


def to_langchain(messages: Iterable[Message]) -> list[BaseMessage]:
    """Host messages as LangChain's: the kept form where it is intact, else converted."""
    converted: list[BaseMessage] = []
    for message in messages:
        kept = _kept(message)
        converted.extend(_convert(message) if kept is None else kept)
    return converted


def _kept(message: Message) -> list[BaseMessage] | None:
    form = unseal(message, KEY)
    if not isinstance(form, Mapping):
        return None
    try:
        return messages_from_dict([dict(form)])
    except (KeyError, TypeError, ValueError):
        return None


def _convert(message: Message) -> Iterable[BaseMessage]:
    results = [part for part in message.parts if isinstance(part, ToolResultPart)]
    others = [part for part in message.parts if not isinstance(part, ToolResultPart)]
    if others:
        yield _to_message(message.role, others)
    for part in results:
        content = part.result if isinstance(part.result, str) else to_json_text(part.result)
        yield ToolMessage(
            content=content,
            tool_call_id=part.call_id,
            name=part.name,
            status="error" if part.is_error else "success",
        )


def _to_message(role: Role, parts: Sequence[Part]) -> BaseMessage:
    if role == "system":
        return SystemMessage(content=_to_content(parts))
    if role != "assistant":
        return HumanMessage(content=_to_content(parts))
    calls = [part for part in parts if isinstance(part, ToolCallPart)]
    said = [part for part in parts if not isinstance(part, ToolCallPart)]
    return AIMessage(
        content=_to_content(said),
        tool_calls=[
            {
                "name": call.name,
                "args": dict(call.arguments) if isinstance(call.arguments, Mapping) else {},
                "id": call.call_id,
                "type": "tool_call",
            }
            for call in calls
        ],
    )


def _to_content(parts: Sequence[Part]) -> str | list[str | Block]:
    if all(isinstance(part, TextPart) for part in parts):
        return "".join(to_text(part) for part in parts)
    return [_to_block(part) for part in parts]


def _to_block(part: Part) -> Block:
    if isinstance(part, ReasoningPart):
        return {"type": "reasoning", "reasoning": part.text}
    if not isinstance(part, FilePart):
        return {"type": "text", "text": to_text(part)}
    kind = part.media_type.split("/", 1)[0]
    block: Block = {"type": kind if kind in _MEDIA else "file", "mime_type": part.media_type}
    if part.data is not None:
        block["base64"] = base64.b64encode(part.data).decode()
    else:
        block["url"] = part.uri
    if part.name is not None:
        block["extras"] = {"filename": part.name}
    return block


def from_langchain(messages: Iterable[BaseMessage]) -> tuple[Message, ...]:
    """LangChain's messages as ours, one for one; those with nothing to show are left out."""
    return tuple(
        converted for message in messages if (converted := _from_message(message)) is not None
    )


def _from_message(message: BaseMessage) -> Message | None:
    role: Role
    parts: tuple[Part, ...]
    match message:
        case ToolMessage():
            role, parts = "tool", (to_tool_result(message),)
        case HumanMessage():
            role, parts = "user", tuple(_from_content(message))
        case SystemMessage():
            role, parts = "system", tuple(_from_content(message))
        case _:
            role, parts = "assistant", tuple(_from_content(message))
    if not parts:
        return None
    try:
        form = to_json(message_to_dict(message))
    except TypeError:
        # Something in it that cannot be stored: then what we can show is what is kept.
        return Message(role=role, parts=parts)
    return seal(Message(role=role, parts=parts), KEY, form)


def to_tool_result(message: ToolMessage) -> ToolResultPart:
    """What a tool gave back."""
    return ToolResultPart(
        call_id=message.tool_call_id,
        name=message.name or "",
        result=to_json(message.content),
        is_error=message.status == "error",
    )


def to_tool_calls(message: AIMessage) -> list[ToolCallPart]:
    """The calls a message makes, those the model got wrong left out."""
    return [
        ToolCallPart(call_id=call["id"] or "", name=call["name"], arguments=to_json(call["args"]))
        for call in message.tool_calls
    ]


def _from_content(message: BaseMessage) -> Iterable[Part]:
    for block in cast("list[Block]", message.content_blocks):
        found = _from_block(block)
        if found is not None:
            yield found
    if isinstance(message, AIMessage):
        yield from to_tool_calls(message)


def _from_block(block: Block) -> Part | None:
    match block:
        case {"type": "text", "text": str(text)} if text:
            return TextPart(text=text)
        case {"type": "reasoning", "reasoning": str(text)} if text:
            return ReasoningPart(text=text)
        case {"type": kind} if kind in _FILES:
            return _from_file(block)
        case _:
            return None


def _from_file(block: Block) -> FilePart | None:
    media_type = block.get("mime_type")
    fallback = "application/octet-stream" if block["type"] == "file" else f"{block['type']}/*"
    known = media_type if isinstance(media_type, str) else fallback
    match block:
        case {"url": str(url)}:
            return FilePart(media_type=known, uri=url)
        case {"base64": str(encoded)}:
            try:
                return FilePart(media_type=known, data=base64.b64decode(encoded, validate=True))
            except binascii.Error:
                return None
        case _:
            return None


def reasoning_of(message: AIMessage) -> str:
    """The thinking that a message, or a chunk of one, shows."""
    if isinstance(message.content, str) and not message.additional_kwargs:
        return ""
    blocks = cast("list[Block]", message.content_blocks)
    thoughts: list[JsonValue] = [
        to_json(block.get("reasoning")) for block in blocks if block.get("type") == "reasoning"
    ]
    return "".join(thought for thought in thoughts if isinstance(thought, str))


__all__ = [
    "KEY",
    "from_langchain",
    "reasoning_of",
    "to_langchain",
    "to_tool_calls",
    "to_tool_result",
]
