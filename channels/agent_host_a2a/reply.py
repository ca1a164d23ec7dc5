"""Responses whose bytes and headers are ready: nothing is left to compute per request."""

from typing import TypeAlias

from starlette.responses import Response

from agent_host_a2a.outbound import OK
from agent_host_a2a.schema import EXTENSIONS_HEADER, JSON_MEDIA_TYPE

RawHeaders: TypeAlias = list[tuple[bytes, bytes]]


class JsonReply(Response):
    """JSON that is already UTF-8 bytes."""

    def __init__(
        self,
        body: bytes,
        *,
        status: int = OK,
        headers: RawHeaders | None = None,
        content_type: bytes = JSON_MEDIA_TYPE,
    ) -> None:
        self.status_code = status
        self.body = body
        self.background = None
        self.raw_headers = [
            (b"content-type", content_type),
            (b"content-length", b"%d" % len(body)),
        ]
        if headers:
            self.raw_headers += headers


def extension_headers(extensions: tuple[str, ...]) -> RawHeaders:
    """Which extensions are in use."""
    return [(EXTENSIONS_HEADER, ",".join(extensions).encode("latin-1"))] if extensions else []


__all__ = ["JsonReply", "RawHeaders", "extension_headers"]
