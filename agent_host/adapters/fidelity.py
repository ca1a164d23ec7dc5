"""A framework's own form of a message, kept beside ours so that a round trip loses nothing.

The form is marked with a digest of the parts it stands for, and used again only where the parts
are still those. The digest is no secret: it notices changes, it proves no origin. So a form counts
only in messages of roles that targets write, and never in a turn's new messages; a host that lets
callers send such roles must drop their metadata before it stores them.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from pydantic_core import to_jsonable_python

from agent_host.types.json import JsonValue
from agent_host.types.message import Message
from agent_host.types.part import FilePart, Part


def _digest(parts: tuple[Part, ...]) -> str:
    # The host's own marks on a file come after the form was sealed.
    said = [
        replace(part, id=None, size_bytes=None) if type(part) is FilePart and part.id else part
        for part in parts
    ]
    plain = to_jsonable_python(said, bytes_mode="base64")
    canonical = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def seal(message: Message, key: str, form: JsonValue) -> Message:
    """The message with `form` in its metadata under `key`, which names a framework and version."""
    sealed: dict[str, JsonValue] = {"parts_sha256": _digest(message.parts), "form": form}
    return replace(message, metadata={**message.metadata, key: sealed})


def unsealed(messages: Iterable[Message]) -> list[Message]:
    """Messages from a caller, without any form that they may carry."""
    return [replace(message, metadata={}) for message in messages]


def unseal(message: Message, key: str) -> JsonValue:
    """The form that was sealed; None where there is none, or the parts have changed since."""
    sealed = message.metadata.get(key)
    if message.role not in ("assistant", "tool") or not isinstance(sealed, Mapping):
        return None
    if sealed.get("parts_sha256") != _digest(message.parts):
        return None
    return sealed.get("form")


__all__ = ["seal", "unseal", "unsealed"]
