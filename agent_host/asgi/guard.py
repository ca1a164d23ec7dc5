"""What stands before every route of a channel: who may pass, how much it may send, what it is told.

`guard_route` is the only way a channel's route gets into the application. It knows no protocol:
how an error looks is said by the route's own `RenderError`, else by `problem.py`.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from inspect import iscoroutinefunction
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute, request_response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent_host.asgi.admission import admitting
from agent_host.asgi.refusal import Refusal
from agent_host.asgi.websocket_guard import WebSocketGuard
from agent_host.errors import HostError, TooLargeError
from agent_host.protocols.authenticator import Authenticator
from agent_host.protocols.channel import ChannelRoute, RouteAccess

_DIGITS: Final = 18  # of a length that anything could have; Python refuses to convert too many

_logger = logging.getLogger(__name__)


class RouteGuard:
    """The ASGI application of one guarded HTTP route.

    On a `caller` or `admin` route the endpoint runs with `current_principal` set, and is cancelled
    when the proof of that principal ends. Reading more of the body
    than the limit raises `TooLargeError` in the endpoint; a longer announced one never gets there.
    Any error before the response began is answered, any after it is logged; none reaches the
    server.
    """

    __slots__ = ("_app", "_body_limit_bytes", "_endpoint", "_refusal", "access")

    def __init__(
        self,
        app: ASGIApp,
        *,
        access: RouteAccess,
        authenticator: Authenticator,
        body_limit_bytes: int,
        refusal: Refusal,
    ) -> None:
        self._endpoint = app
        self._app = admitting(self._serve, authenticator=authenticator, access=access)
        self.access = access
        self._body_limit_bytes = body_limit_bytes
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        limit = self._body_limit_bytes
        unread = limit
        began = False

        async def receive_within_limit() -> Message:
            nonlocal unread
            message = await receive()
            if message["type"] == "http.request":
                unread -= len(message.get("body", b""))
                if unread < 0:
                    raise _too_large(limit)
            return message

        # No coroutine of its own: it runs for every chunk of every stream.
        def send_and_note(message: Message) -> Awaitable[None]:
            nonlocal began
            began = True
            return send(message)

        try:
            await self._app(scope, receive_within_limit, send_and_note)
        except ClientDisconnect:
            _logger.debug("a client left before its request was over")
        except Exception as error:  # noqa: BLE001 - the edge, where every error is answered
            if began:
                _log_broken_off(error)
            else:
                await self._refuse(error, scope, receive, send)

    # No coroutine of its own, as every request comes by.
    def _serve(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        _check_announced_size(scope, self._body_limit_bytes)
        return self._endpoint(scope, receive, send)

    async def _refuse(self, error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
        if isinstance(error, HTTPException):
            raise error  # the application has a handler for it
        response = await self._refusal.response(scope, error)
        with suppress(OSError):  # the client has left; nobody is there to be told
            await response(scope, receive, send)


class _Endpoint:
    """Starlette's `request_response` without its handling of exceptions, which the guard does."""

    __slots__ = ("_answer",)

    def __init__(self, answer: Callable[[Request], Awaitable[Response]]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive, send))
        await response(scope, receive, send)


def guard_route(
    channel_route: ChannelRoute, *, authenticator: Authenticator, body_limit_bytes: int
) -> BaseRoute:
    """The channel's own route, with its application behind a guard; mount nothing else.

    `body_limit_bytes` is the host's, for a route that has none. On a websocket it is the limit of
    one message.
    """
    route = channel_route.route
    if channel_route.body_limit_bytes is not None:
        body_limit_bytes = channel_route.body_limit_bytes
    guard = WebSocketGuard if isinstance(route, WebSocketRoute) else RouteGuard
    app = route.app
    if getattr(app, "__code__", None) is _WRAPPED_CODE and iscoroutinefunction(route.endpoint):
        app = _Endpoint(route.endpoint)
    route.app = guard(
        app,
        access=channel_route.access,
        authenticator=authenticator,
        body_limit_bytes=body_limit_bytes,
        refusal=Refusal(authenticator=authenticator, render_error=channel_route.render_error),
    )
    return route


def access_of(route: BaseRoute) -> RouteAccess | None:
    """Who may reach a mounted route; None says that nothing guards it."""
    if isinstance(route, Route | WebSocketRoute) and isinstance(
        route.app, RouteGuard | WebSocketGuard
    ):
        return route.app.access
    return None


async def _nothing(_: Request) -> Response:
    return Response()


_WRAPPED_CODE: Final = request_response(_nothing).__code__
"""What Starlette makes of an endpoint that is a function, where no middleware is asked for."""


def _check_announced_size(scope: Scope, limit: int) -> None:
    for name, value in scope["headers"]:
        # An announcement that makes no sense is left to the server, which reads the body.
        if name != b"content-length" or not value.isdigit():
            continue
        if len(value) > _DIGITS or int(value) > limit:
            raise _too_large(limit)


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"The body is larger than the {limit} bytes that are accepted here.")


def _log_broken_off(error: Exception) -> None:
    if isinstance(error, HostError):
        _logger.warning("a response broke off, %s", error.code)
    else:
        _logger.error("a response broke off", exc_info=error)


__all__ = ["RouteGuard", "access_of", "guard_route"]
