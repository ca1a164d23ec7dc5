"""What a caller says outside the body: version, extensions, keys. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from agent_host.wire.header import RawHeaders
from agent_host_a2a.config import A2AConfig
from agent_host_a2a.fault import Fault, FaultError, invalid
from agent_host_a2a.schema import (
    EXTENSIONS_HEADER,
    EXTENSIONS_HEADER_0_3,
    VERSION_0_3,
    VERSION_1_0,
    VERSION_HEADER,
)

_IDEMPOTENCY_KEY: Final = re.compile(r'("?)([!#-~]{1,255})\1')
_SEQUENCE: Final = re.compile(r"[0-9]{1,15}")
_VERSION: Final = re.compile(r"([0-9]{1,4}\.[0-9]{1,4})(\.[0-9]{1,6})?")
_EXTENSIONS_LIMIT: Final = 64
_SHOWN: Final = 32
_JSON: Final = re.compile(rb"application/(json|[\w.-]+\+json)\s*(;.*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`extensions` are those that both sides know; `after` is the last event that was seen."""

    extensions: tuple[str, ...] = ()
    idempotency_key: str | None = None
    after: int | None = None


_PLAIN: Final = Call()
_KNOWN: Final = frozenset(
    {EXTENSIONS_HEADER, EXTENSIONS_HEADER_0_3, b"idempotency-key", b"last-event-id"}
)


def to_version(headers: Mapping[bytes, bytes], *, config: A2AConfig) -> str:
    """The version that is spoken: that of the header, else 0.3 (section 3.6). Patches do not count.

    Raises:
        FaultError: it is none of those on the card.
    """
    said = headers.get(VERSION_HEADER)
    if said == b"1.0":
        return VERSION_1_0
    text = (said or b"").decode("latin-1").strip() or VERSION_0_3
    found = _VERSION.fullmatch(text)
    version = found[1] if found else text
    if version == VERSION_1_0 or (version == VERSION_0_3 and config.version_0_3):
        return version
    raise unsupported_version(text, config)


def unsupported_version(text: str, config: A2AConfig) -> FaultError:
    """A version that is not spoken, at all or here."""
    known = f"{VERSION_1_0} and {VERSION_0_3}" if config.version_0_3 else VERSION_1_0
    return FaultError(
        Fault.VERSION,
        f"A2A {text[:_SHOWN]} is not spoken here. Send the header A2A-Version; known: {known}.",
    )


def unnamed_version() -> FaultError:
    """A name of 1.0, and no version, which is 0.3."""
    text = "Without the header A2A-Version, 0.3 is spoken. Send A2A-Version: 1.0."
    return FaultError(Fault.VERSION, text)


def to_call(headers: Mapping[bytes, bytes], *, config: A2AConfig) -> Call:
    """Read the headers, whose names are lower case as ASGI has them.

    Raises:
        FaultError: an extension that the agent requires is not among those declared; or a key or
            an event's id is none.
    """
    if not config.extensions and not _KNOWN & headers.keys():
        return _PLAIN
    declared = _extensions(headers)
    for extension in config.extensions:
        if extension.required and extension.uri not in declared:
            message = f"This agent requires the extension {extension.uri}: declare it."
            raise FaultError(Fault.EXTENSION, message)
    return Call(
        extensions=tuple(
            extension.uri for extension in config.extensions if extension.uri in declared
        ),
        idempotency_key=_idempotency_key(headers.get(b"idempotency-key")),
        after=_sequence(headers.get(b"last-event-id")),
    )


def extension_headers(call: Call) -> RawHeaders:
    """Which extensions are in use."""
    if not call.extensions:
        return []
    return [(EXTENSIONS_HEADER, ",".join(call.extensions).encode("latin-1"))]


def is_json(content_type: bytes | None) -> bool:
    """Whether the body is said to be JSON; if nothing is said, it is taken for that."""
    return (
        content_type is None
        or content_type == b"application/json"
        or _JSON.fullmatch(content_type) is not None
    )


def not_json() -> FaultError:
    """A body of another media type."""
    return FaultError(Fault.CONTENT_TYPE, "The body should be application/json.")


def _extensions(headers: Mapping[bytes, bytes]) -> frozenset[str]:
    said = b",".join(headers.get(name, b"") for name in (EXTENSIONS_HEADER, EXTENSIONS_HEADER_0_3))
    items = said.decode("latin-1").split(",", _EXTENSIONS_LIMIT)
    return frozenset(item.strip() for item in items if item.strip())


def _idempotency_key(value: bytes | None) -> str | None:
    if value is None:
        return None
    key = _IDEMPOTENCY_KEY.fullmatch(value.decode("latin-1"))
    if key is None:
        raise invalid("Idempotency-Key", "should be 1 to 255 visible ASCII characters")
    return key[2]


def _sequence(value: bytes | None) -> int | None:
    if not value:
        return None
    text = value.decode("latin-1")
    if not _SEQUENCE.fullmatch(text):
        raise invalid("Last-Event-ID", "is none that this agent gave out")
    return int(text)


__all__ = [
    "Call",
    "extension_headers",
    "is_json",
    "not_json",
    "to_call",
    "to_version",
    "unnamed_version",
    "unsupported_version",
]
