"""Writes the response to a plain request, as RFC 9112 §6 frames it for HTTP/1.1.

A response without an announced length goes out in chunks. What cannot be written is refused before
a byte of it is made: nothing that an application says may end a header or a response early.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from h11 import LocalProtocolError

_NAME: Final = re.compile(rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_NOT_IN_VALUE: Final = re.compile(rb"[\x00\n\x0b\x0c\r]")
_HEEDED: Final = frozenset({b"connection", b"content-length", b"transfer-encoding"})
_WITHOUT_BODY: Final = frozenset({204, 304})
_FIRST_STATUS: Final = 200
_LAST_STATUS: Final = 999
_LENGTH_DIGITS: Final = 20
_LENGTH: Final = b"content-length:"


class ResponseWriter:
    """The response to one request; `closes` tells whether it is the last of its connection."""

    __slots__ = ("_has_body", "_left", "closes")

    def __init__(self, *, method: str, closes: bool) -> None:
        self._has_body = method != "HEAD"
        self._left: int | None = 0  # None: in chunks
        self.closes = closes

    def start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """The head.

        Raises:
            LocalProtocolError: it would be none, or frame the body in two ways.
        """
        if not _FIRST_STATUS <= status <= _LAST_STATUS:
            message = f"a response cannot have the status {status}"
            raise LocalProtocolError(message)
        framing = _Framing()
        lines = [b"HTTP/1.1 %d \r\n" % status]
        for raw_name, raw_value in headers:
            name, value = bytes(raw_name).strip(), bytes(raw_value).strip()
            key = _key(name)
            if _NOT_IN_VALUE.search(value):
                message = f"the header {key!r} has a value that no header may have"
                raise LocalProtocolError(message)
            if key not in _HEEDED or framing.keeps(key, value):
                lines.append(b"%b: %b\r\n" % (name, value))
        if status in _WITHOUT_BODY:
            self._has_body = False
            framing.is_chunked = False
        elif framing.is_chunked or framing.length is None:
            if framing.length is not None:
                lines = [line for line in lines if not line.lower().startswith(_LENGTH)]
            framing.is_chunked = True
            self._left = None
        else:
            self._left = framing.length
        lines += framing.lines(closes=self.closes)
        self.closes |= b"close" in framing.tokens
        lines.append(b"\r\n")
        return b"".join(lines)

    def body(self, data: bytes) -> bytes:
        """A piece of the body.

        Raises:
            LocalProtocolError: more than was announced.
        """
        if not self._has_body or not data:
            return b""
        if self._left is None:
            return b"%x\r\n%b\r\n" % (len(data), data)
        self._left -= len(data)
        if self._left < 0:
            message = "Too much data for declared Content-Length"
            raise LocalProtocolError(message)
        return data

    def end(self) -> bytes:
        """The end of the body.

        Raises:
            LocalProtocolError: less than was announced.
        """
        if not self._has_body:
            return b""
        if self._left is None:
            return b"0\r\n\r\n"
        if self._left:
            message = "Too little data for declared Content-Length"
            raise LocalProtocolError(message)
        return b""


class _Framing:
    """What the headers of a response say of its body and of its connection."""

    __slots__ = ("is_chunked", "length", "tokens")

    def __init__(self) -> None:
        self.length: int | None = None
        self.is_chunked = False
        self.tokens: set[bytes] = set()

    def keeps(self, key: bytes, value: bytes) -> bool:
        """Heed a header. Whether it is written as it is; the others are made anew."""
        if key == b"connection":
            self.tokens.update(token.strip() for token in value.lower().split(b","))
            return False
        if key == b"transfer-encoding":
            if self.is_chunked or value.lower() != b"chunked":
                message = "the only transfer encoding of a response is chunked"
                raise LocalProtocolError(message)
            self.is_chunked = True
            return False
        if not value.isdigit() or len(value) > _LENGTH_DIGITS or self.length is not None:
            message = f"a response cannot have the Content-Length {value!r}, or two of them"
            raise LocalProtocolError(message)
        self.length = int(value)
        return True

    def lines(self, *, closes: bool) -> list[bytes]:
        """The headers that `keeps` has kept back."""
        lines: list[bytes] = []
        if self.is_chunked:
            lines.append(b"Transfer-Encoding: chunked\r\n")
        if closes:
            self.tokens = (self.tokens - {b"keep-alive"}) | {b"close"}
        if tokens := b", ".join(sorted(self.tokens - {b""})):
            lines.append(b"Connection: %b\r\n" % tokens)
        return lines


@lru_cache(maxsize=1024)
def _key(name: bytes) -> bytes:
    """The name in lower case, if it is one (RFC 9110 §5.1)."""
    if not _NAME.fullmatch(name):
        message = f"no header can be named {name!r}"
        raise LocalProtocolError(message)
    return name.lower()


__all__ = ["ResponseWriter"]
