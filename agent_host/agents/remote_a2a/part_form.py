"""Parts of A2A 1.0 that an agent elsewhere sent, as ours. Pure."""

import binascii
import re
from collections.abc import Iterator
from typing import Final

from agent_host.agents.remote_a2a.message_form import JSON_MODE, Fields
from agent_host.agents.remote_a2a.reply_form import as_objects
from agent_host.types.part import DataPart, ErrorPart, FilePart, Part, TextPart

_URL: Final = re.compile(r"https?://[^\s\x00-\x1f\x7f]{1,8192}", re.IGNORECASE)
_MEDIA_TYPE: Final = re.compile(r"[\w!#$&^.+*-]{1,127}/[\w!#$&^.+*-]{1,127}(\s*;[ -~]{0,255})?")
_BINARY: Final = "application/octet-stream"
_NAME_LIMIT: Final = 256
_TO_STANDARD: Final = str.maketrans("-_", "+/")
_UNSHOWN: Final = ErrorPart(
    code="unreadable_part", message="A part of the answer cannot be shown and was left out."
)


def to_parts(value: object) -> Iterator[Part]:
    """The parts of a message or an artifact. In place of one that makes no sense stands an error,
    so that nobody takes the rest for all of it.
    """
    for fields in as_objects(value):
        yield _to_part(fields)


def text_of(value: object) -> str:
    """The text parts, joined."""
    return "".join(part.text for part in to_parts(value) if isinstance(part, TextPart))


def _to_part(fields: Fields) -> Part:
    text = fields.get("text")
    if isinstance(text, str):
        return TextPart(text=text)
    if "data" in fields:
        return DataPart(data=fields["data"], media_type=_media_type(fields, JSON_MODE))
    media_type = _media_type(fields, _BINARY)
    name = fields.get("filename")
    name = name[:_NAME_LIMIT] if isinstance(name, str) and name.isprintable() else None
    raw, url = fields.get("raw"), fields.get("url")
    if isinstance(raw, str):
        data = _decoded(raw)
        return (
            _UNSHOWN
            if data is None
            else FilePart(media_type=media_type, data=data, name=name or None)
        )
    if isinstance(url, str) and _URL.fullmatch(url):
        return FilePart(media_type=media_type, uri=url, name=name or None)
    return _UNSHOWN


def _media_type(fields: Fields, default: str) -> str:
    media_type = fields.get("mediaType")
    fits = isinstance(media_type, str) and _MEDIA_TYPE.fullmatch(media_type)
    return str(media_type) if fits else default


def _decoded(text: str) -> bytes | None:
    padded = text.rstrip("=").translate(_TO_STANDARD)
    try:
        return binascii.a2b_base64(padded + "=" * (-len(padded) % 4), strict_mode=True)
    except (ValueError, binascii.Error):
        return None


__all__ = ["text_of", "to_parts"]
