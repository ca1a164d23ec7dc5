"""Parts of messages and artifacts, from the wire of 1.0 and to it. Pure."""

import binascii
import re
from base64 import b64encode
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final, TypeAlias

from agent_host.types import (
    DataPart,
    ErrorPart,
    FilePart,
    JsonValue,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from agent_host.wire.json_text import json_bytes
from agent_host_a2a.fault import Fault, FaultError, invalid
from agent_host_a2a.member import Members

Fields: TypeAlias = dict[str, Any]

TEXT_MODE: Final = "text/plain"
JSON_MODE: Final = "application/json"
DEFAULT_MODE: Final = "application/octet-stream"

_CONTENT: Final = ("text", "raw", "url", "data")
_URL: Final = re.compile(r"https?://[^\s\x00-\x1f\x7f]{1,8192}", re.IGNORECASE)
_MEDIA_TYPE: Final = re.compile(r"[\w!#$&^.+*-]{1,127}/[\w!#$&^.+*-]{1,127}(\s*;[ -~]{0,255})?")
_TO_STANDARD: Final = str.maketrans("-_", "+/")


def to_part(value: JsonValue, path: str, *, modes: tuple[str, ...], limit_bytes: int) -> Part:
    """The part that a client sent.

    Raises:
        FaultError: it has not exactly one of text, raw, url and data; or bad base64; or a URL that
            is not of the web; or a media type that is none, or none of `modes`; or too many bytes.
    """
    if not isinstance(value, dict):
        raise invalid(path, "should be an object")
    if len(value) == 1 and type(text := value.get("text")) is str:  # as most of them are
        _check_mode(TEXT_MODE, modes)
        return TextPart(text=text)
    members = Members(value, path)
    given = [name for name in _CONTENT if name in value]
    if len(given) != 1:
        raise invalid(path, "should have exactly one of text, raw, url and data")
    kind = given[0]
    part: Part
    if kind == "text":
        text = value["text"]
        if not isinstance(text, str):
            raise invalid(members.path(kind), "should be a string")
        _check_mode(_media_type(members, TEXT_MODE), modes)
        return TextPart(text=text)
    if kind == "data":
        media_type = _media_type(members, JSON_MODE)
        part = DataPart(data=value["data"], media_type=media_type)
    else:
        media_type = _media_type(members, DEFAULT_MODE)
        text = members.text(kind)
        if text is None:
            raise invalid(members.path(kind), "should be a string")
        name = members.identifier("filename")
        if kind == "raw":
            data = _decoded(text, members.path(kind), limit_bytes)
            part = FilePart(media_type=media_type, data=data, name=name)
        elif _URL.fullmatch(text):
            part = FilePart(media_type=media_type, uri=text, name=name)
        else:
            raise invalid(members.path(kind), "should be an https: or http: URL")
    _check_mode(media_type, modes)
    return part


def part_fields(part: Part, accepted: tuple[str, ...] = ()) -> Fields | None:
    """The part as it is shown; None for what an agent keeps to itself: its thoughts and its tools.

    Data is shown as text to a client that accepts text and no JSON.
    """
    match part:
        case TextPart(text=text):
            return {"text": text}
        case FilePart():
            return _file_fields(part)
        case DataPart(data=data, media_type=media_type):
            return data_fields(data, media_type, accepted)
        case ErrorPart(code=code, message=message):
            return {"text": message, "metadata": {"errorCode": code}}
        case ToolCallPart() | ToolResultPart() | ReasoningPart():
            return None


def data_fields(data: JsonValue, media_type: str, accepted: tuple[str, ...]) -> Fields:
    """JSON, or its text for those who do not accept it."""
    if accepted and not takes(accepted, media_type) and takes(accepted, TEXT_MODE):
        return {"text": json_bytes(data).decode()}
    return {"data": data, "mediaType": media_type}


def shown_parts(parts: Iterable[Part], accepted: tuple[str, ...] = ()) -> list[Fields]:
    """Those parts that are shown."""
    shown = (part_fields(part, accepted) for part in parts)
    return [fields for fields in shown if fields is not None]


@lru_cache(maxsize=256)
def takes(modes: tuple[str, ...], media_type: str) -> bool:
    """Whether a list of media types and ranges (`image/*`, `*/*`) has room for this one."""
    plain = media_type.partition(";")[0].strip().lower()
    kind = plain.partition("/")[0]
    return any(
        mode.partition(";")[0].strip().lower() in (plain, f"{kind}/*", "*/*", "*") for mode in modes
    )


def overlap(modes: tuple[str, ...], accepted: tuple[str, ...]) -> bool:
    """Whether anything that one list has room for may be in the other."""
    return any(takes(modes, one) or takes(accepted, other) for one in accepted for other in modes)


def _file_fields(part: FilePart) -> Fields:
    fields: Fields
    if part.uri is not None:
        fields = {"url": part.uri}
    else:
        fields = {"raw": b64encode(part.data or b"").decode("ascii")}
    fields["mediaType"] = part.media_type
    if part.name:
        fields["filename"] = part.name
    return fields


def _media_type(members: Members, default: str) -> str:
    media_type = members.text("mediaType")
    if not media_type:
        return default
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise invalid(members.path("mediaType"), "is no media type")
    return media_type


def _check_mode(media_type: str, modes: tuple[str, ...]) -> None:
    if not takes(modes, media_type):
        text = f"The agent does not take this media type; it takes {', '.join(modes)}."
        raise FaultError(Fault.CONTENT_TYPE, text)


def _decoded(text: str, path: str, limit_bytes: int) -> bytes:
    if len(text) // 4 * 3 - 2 > limit_bytes:
        raise FaultError(Fault.TOO_LARGE, f"A file may have at most {limit_bytes} bytes.")
    padded = text.rstrip("=").translate(_TO_STANDARD)
    try:
        data = binascii.a2b_base64(padded + "=" * (-len(padded) % 4), strict_mode=True)
    except (ValueError, binascii.Error):
        raise invalid(path, "is not base64") from None
    if len(data) > limit_bytes:
        raise FaultError(Fault.TOO_LARGE, f"A file may have at most {limit_bytes} bytes.")
    return data


__all__ = [
    "DEFAULT_MODE",
    "JSON_MODE",
    "TEXT_MODE",
    "Fields",
    "data_fields",
    "overlap",
    "part_fields",
    "shown_parts",
    "takes",
    "to_part",
]
