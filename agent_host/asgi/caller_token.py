"""Keeps the bearer token of a request at hand while it is served, where tokens are exchanged.

Stands inside a route's guard: the token has been verified. An API key is none.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from starlette.types import ASGIApp, Receive, Scope, Send

from agent_host.context import current_caller_token, current_principal
from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.types.on_behalf_of import CallerToken

ReadCredential: TypeAlias = Callable[[Iterable[tuple[bytes, bytes]]], str]
"""Takes the credential out of headers."""


def keep_caller_token(route: ChannelRoute, read: ReadCredential) -> ChannelRoute:
    """The route, with `current_caller_token` set while it serves somebody with a token."""
    if route.access is RouteAccess.CALLER:
        route.route.app = _keeping(route.route.app, read)
    return route


def _keeping(app: ASGIApp, read: ReadCredential) -> ASGIApp:
    async def kept(scope: Scope, receive: Receive, send: Send) -> None:
        principal = current_principal.get()
        token = None
        if principal is not None and principal.kind == "token":
            token = CallerToken(value=read(scope["headers"]), principal=principal)
        # Set without one too: the context may be one that a former request left behind.
        before = current_caller_token.set(token)
        try:
            await app(scope, receive, send)
        finally:
            current_caller_token.reset(before)

    return kept


__all__ = ["ReadCredential", "keep_caller_token"]
