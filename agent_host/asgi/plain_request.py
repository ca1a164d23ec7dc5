"""Reads plain requests: HTTP/1.1 (RFC 9112) with a body of an announced length, or with none.

llhttp, the parser of Node.js, reads every head, as strictly as it can. A request that asks for more
is not plain: an upgrade, a body in chunks, `100-continue`, HTTP/1.0, a tunnel. Nothing of it is
acted on here; its bytes are given back as they came.
"""

import re
from typing import Final, NamedTuple

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

_HEAD_END: Final = b"\r\n\r\n"
_BODY_HEADERS: Final = frozenset({b"expect", b"transfer-encoding", b"upgrade"})
_HEEDED: Final = _BODY_HEADERS | {b"connection", b"content-length", b"host"}
# What a host and a port may be made of (RFC 3986 §3.2.2); which hosts count is not asked here.
_HOST: Final = re.compile(rb"[-!$%&'()*+,.:;=\[\]_~0-9A-Za-z]*")
_LENGTH_DIGITS: Final = 20


class RefusedRequestError(Exception):
    """What came is no request that may be served; `status` says so to the client."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class RequestHead(NamedTuple):
    """Names of headers are in lower case. Of a request that is not plain nothing else counts."""

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body_bytes: int
    closes: bool
    is_plain: bool


class RequestReader:
    """What a client has sent and nobody has taken yet: heads, each followed by its body."""

    __slots__ = ("_buffer", "_limit_bytes", "_parsed", "_parser", "_parts", "body_left")

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._buffer = bytearray()
        self._parsed = 0
        self.body_left = 0
        """Bytes of the body that have not been taken."""
        self._expect_head()

    @property
    def has_data(self) -> bool:
        """Whether there is anything that was not taken."""
        return bool(self._buffer)

    def receive(self, data: bytes) -> None:
        """Add what has come."""
        self._buffer += data

    def read_head(self) -> RequestHead | None:
        """The next head; None if more bytes are needed. Only a plain one is taken.

        Raises:
            RefusedRequestError: it is wrong, ambiguous or beyond the limit.
        """
        buffer, parts = self._buffer, self._parts
        end = buffer.find(_HEAD_END, max(0, self._parsed - len(_HEAD_END) + 1))
        stop = len(buffer) if end < 0 else end + len(_HEAD_END)
        if stop > self._limit_bytes:
            raise RefusedRequestError(431)
        try:
            self._parser.feed_data(buffer[self._parsed : stop])
        except HttpParserUpgrade:  # a tunnel, too
            parts.is_plain = False
        except HttpParserError as error:
            raise RefusedRequestError(400) from error
        self._parsed = stop
        # Where a head ends is seen in two ways, which have to be one.
        if parts.is_complete is not (end >= 0):
            raise RefusedRequestError(400)
        if end < 0:
            return None
        head = self._head()
        if head.is_plain:
            del buffer[:stop]
            self.body_left = head.body_bytes
            self._expect_head()
        return head

    def read_body(self) -> bytes:
        """As much of the body as has come."""
        piece = bytes(self._buffer[: self.body_left])
        del self._buffer[: len(piece)]
        self.body_left -= len(piece)
        return piece

    def give_back(self) -> bytes:
        """All that was not taken; to be called where a head is not plain."""
        data = bytes(self._buffer)
        self._buffer.clear()
        self._expect_head()
        return data

    def _expect_head(self) -> None:
        # A parser costs next to nothing, and one that is new carries nothing over.
        self._parts = _HeadParts()
        self._parser = HttpRequestParser(self._parts)
        self._parsed = 0

    def _head(self) -> RequestHead:
        parts = self._parts
        method = self._parser.get_method()
        # The request line as it came: llhttp is lenient about its spaces, and about what may
        # stand before it.
        line = b"%b %b HTTP/1." % (method, parts.target)
        is_1_1 = self._buffer.startswith(line + b"1\r\n")
        if (
            not (is_1_1 or self._buffer.startswith(line + b"0\r\n"))
            or parts.is_wrong
            or (is_1_1 and not parts.has_host)
        ):
            raise RefusedRequestError(400)
        return RequestHead(
            method=method.decode("ascii"),
            target=parts.target,
            headers=parts.headers,
            body_bytes=parts.body_bytes,
            closes=parts.closes,
            is_plain=parts.is_plain and is_1_1,
        )


class _HeadParts:
    """What llhttp finds in a head."""

    __slots__ = (
        "body_bytes",
        "closes",
        "has_host",
        "headers",
        "is_complete",
        "is_plain",
        "is_wrong",
        "target",
    )

    def __init__(self) -> None:
        self.target = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.has_host = False
        self.body_bytes = 0
        self.closes = False
        self.is_plain = True
        self.is_wrong = False
        self.is_complete = False

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        value = value.rstrip(b" \t")
        self.headers.append((name, value))
        if name in _HEEDED:
            self._heed(name, value)

    def on_headers_complete(self) -> None:
        self.is_complete = True

    def _heed(self, name: bytes, value: bytes) -> None:
        if name == b"host":
            self.is_wrong |= self.has_host or not _HOST.fullmatch(value)
            self.has_host = True
        elif name == b"content-length":
            self.body_bytes = int(value)  # llhttp takes digits only
            self.is_wrong |= len(value) > _LENGTH_DIGITS
        elif name == b"connection":
            self.closes |= b"close" in (token.strip() for token in value.lower().split(b","))
        else:
            self.is_plain = False


__all__ = ["RefusedRequestError", "RequestHead", "RequestReader"]
