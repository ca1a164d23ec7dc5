"""Responses whose bytes and headers are ready: nothing is left to compute per request."""

from starlette.responses import Response

from agent_host_openai.outbound import OK, RawHeaders


class JsonReply(Response):
    """JSON that is already UTF-8 bytes."""

    def __init__(
        self,
        body: bytes,
        *,
        status: int = OK,
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
