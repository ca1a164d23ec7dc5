"""Cross-origin answers (https://fetch.spec.whatwg.org/#http-cors-protocol), for allowed origins.

Says yes and never no: whether an origin may is decided before. Credentials that a browser sends by
itself are never asked for: callers prove who they are in a header that their page sets.
"""

from collections.abc import Awaitable
from http import HTTPStatus
from typing import Final

from starlette.responses import Response
from starlette.types import Message, Scope, Send

_METHODS: Final = b"GET, HEAD, POST, PUT, PATCH, DELETE"
_MAX_AGE: Final = b"600"
_WISH: Final = b"access-control-request-method"
_HEADERS: Final = b"access-control-request-headers"


def is_preflight(scope: Scope) -> bool:
    """Whether a browser asks if it may."""
    return scope["method"] == "OPTIONS" and any(name == _WISH for name, _ in scope["headers"])


def preflight_answer(scope: Scope, origin: bytes) -> Response:
    """Yes, with the headers it asked for."""
    response = Response(status_code=HTTPStatus.NO_CONTENT)
    wanted = next((value for name, value in scope["headers"] if name == _HEADERS), None)
    response.raw_headers += [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-max-age", _MAX_AGE),
        (b"vary", b"Origin, Access-Control-Request-Headers"),
    ]
    if wanted is not None:
        response.raw_headers.append((b"access-control-allow-headers", wanted))
    return response


def sharing(send: Send, origin: bytes) -> Send:
    """A `send` whose responses the page of `origin` may read."""

    def send_shared(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            headers = [
                *message.get("headers", ()),
                (b"access-control-allow-origin", origin),
                (b"access-control-expose-headers", b"*"),
                (b"vary", b"Origin"),
            ]
            message = {**message, "headers": headers}
        return send(message)

    return send_shared


__all__ = ["is_preflight", "preflight_answer", "sharing"]
