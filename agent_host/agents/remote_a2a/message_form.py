"""What a turn says, as a message of A2A 1.0 and in the spelling of the versions before. Pure."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, cast

import orjson

from agent_host.types.json import JsonValue
from agent_host.types.message import Message
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
from agent_host.types.turn import Turn

Fields: TypeAlias = dict[str, Any]

JSON_MODE = "application/json"


def turn_parts(turn: Turn) -> list[Fields]:
    """The new words. A caller that keeps the conversation itself sends all of it at every turn:
    what was said before goes in front, as text, since the agent has never seen it.
    """
    before, said = _split(turn.messages)
    parts: list[Fields] = []
    earlier = "\n".join(f"{one.role}: {one.text}" for one in before if one.text)
    if earlier:
        parts.append({"text": f"The conversation so far:\n{earlier}"})
    parts += [fields for one in said for part in one.parts for fields in _part_fields(part)]
    return parts or [{"text": turn.text}]


def answer_parts(value: JsonValue) -> list[Fields]:
    """A value that answers a question: text as text, anything else as data."""
    if isinstance(value, str):
        return [{"text": value}]
    return [{"data": value, "mediaType": JSON_MODE}]


def to_0_3(message: Fields) -> Fields:
    """The message as 0.3 spells it."""
    parts = [_old_part(part) for part in message["parts"]]
    return {**message, "kind": "message", "role": "user", "parts": parts}


def to_0_1(message: Fields) -> Fields:
    """The message as `tasks/send` takes it."""
    parts = [_old_part(part) for part in message["parts"]]
    typed = [{"type": part.pop("kind"), **part} for part in parts]
    return {"role": "user", "parts": typed, "metadata": message.get("metadata", {})}


def _split(messages: Sequence[Message]) -> tuple[Sequence[Message], Sequence[Message]]:
    """What is known to the caller already, and what it says now: all behind the agent's last
    words.
    """
    for index in range(len(messages), 0, -1):
        if messages[index - 1].role in {"assistant", "tool"}:
            return messages[:index], messages[index:]
    return (), messages


def _part_fields(part: Part) -> Iterator[Fields]:
    match part:
        case TextPart(text=text):
            yield {"text": text}
        case FilePart():
            yield _file_fields(part)
        case DataPart(data=data, media_type=media_type):
            yield {"data": data, "mediaType": media_type}
        case ErrorPart(message=message):
            yield {"text": message}
        case ToolResultPart(result=result):
            yield {"data": result, "mediaType": JSON_MODE}
        case ToolCallPart() | ReasoningPart():
            return


def _file_fields(part: FilePart) -> Fields:
    content = {"url": part.uri} if part.uri is not None else {"raw": _encoded(part.data or b"")}
    name = {"filename": part.name} if part.name else {}
    return {**content, "mediaType": part.media_type, **name}


def _encoded(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _old_part(part: Fields) -> Fields:
    if "text" in part:
        return {"kind": "text", "text": part["text"]}
    if "data" in part:
        data = part["data"]
        if isinstance(data, dict):
            return {"kind": "data", "data": cast("Fields", data)}
        # 0.3 takes objects only; what is none is sent as the text that it is in JSON.
        return {"kind": "text", "text": orjson.dumps(data).decode()}
    file: Fields = {"mimeType": part["mediaType"]}
    if "filename" in part:
        file["name"] = part["filename"]
    file |= {"uri": part["url"]} if "url" in part else {"bytes": part["raw"]}
    return {"kind": "file", "file": file}


__all__ = ["JSON_MODE", "Fields", "answer_parts", "to_0_1", "to_0_3", "turn_parts"]
