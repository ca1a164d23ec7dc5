"""Responses whose bytes and headers are ready: nothing is left to compute per request."""

from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from agent_host.wire.header import RawHeaders

_OK: Final = int(HTTPStatus.OK)


class JsonReply(Response):
    """JSON that is already UTF-8 bytes."""

    def __init__(
        self,
        body: bytes,
        *,
        status: int = _OK,
        headers: RawHeaders | None = None,
        content_type: bytes = b"application/json",
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


__all__ = ["JsonReply"]
