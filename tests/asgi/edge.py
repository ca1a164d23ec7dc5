"""A small guarded application, an authenticator, and clients that speak plain bytes."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Scope

from agent_host.asgi.guard import guard_route
from agent_host.asgi.problem import exception_handlers
from agent_host.errors import UnauthenticatedError
from agent_host.protocols.authenticator import Authenticator
from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.types import Principal

Endpoint = Callable[[Request], Awaitable[Response]]


class NameAuthenticator:
    """Takes `Authorization: Bearer NAME` for a proof; breaks on the name `broken`."""

    admits_anyone = False
    challenge = 'Bearer realm="test"'

    async def authenticate(self, connection: HTTPConnection) -> Principal:
        kind, _, name = connection.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or not name:
            message = "Say who you are."
            raise UnauthenticatedError(message)
        if name == "broken":
            message = "the identity provider is at 10.0.0.7"
            raise RuntimeError(message)
        return Principal(id=name, kind="token")


def as_caller(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {name}"}


def channel_route(
    endpoint: Endpoint,
    *,
    path: str = "/",
    methods: Sequence[str] = ("GET", "POST"),
    access: RouteAccess = RouteAccess.PUBLIC,
    **rest: Any,
) -> ChannelRoute:
    return ChannelRoute(route=Route(path, endpoint, methods=methods), access=access, **rest)


def application(
    *routes: ChannelRoute,
    authenticator: Authenticator | None = None,
    body_limit_bytes: int = 1000,
) -> Starlette:
    authenticator = authenticator or NameAuthenticator()
    return Starlette(
        routes=[
            guard_route(route, authenticator=authenticator, body_limit_bytes=body_limit_bytes)
            for route in routes
        ],
        exception_handlers=exception_handlers(),
    )


@asynccontextmanager
async def connected(
    url: str,
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A bare connection to the server at `url`."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def exchange(url: str, data: bytes) -> bytes:
    """Everything the server says to `data` until it closes the connection."""
    async with connected(url) as (reader, writer):
        writer.write(data)
        return await reader.read()


async def websocket_session(
    app: ASGIApp,
    *incoming: Message,
    headers: Sequence[tuple[bytes, bytes]] = (),
    extensions: Sequence[str] = (),
) -> list[Message]:
    """What the application sends on a websocket whose client says `incoming`, then leaves."""
    messages = iter([{"type": "websocket.connect"}, *incoming])
    sent: list[Message] = []

    async def receive() -> Message:
        return next(messages, {"type": "websocket.disconnect", "code": 1001})

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "websocket",
        "path": "/",
        "headers": list(headers),
        "query_string": b"",
        "extensions": {name: {} for name in extensions},
    }
    await app(scope, receive, send)
    return sent


def http_scope(method: str) -> Scope:
    """The scope of a request for `/` without headers."""
    return {"type": "http", "method": method, "path": "/", "headers": [], "query_string": b""}
