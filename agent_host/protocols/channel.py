"""The seam to a protocol or platform. A channel parses, asks the host, and renders."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from agent_host.errors import HostError
from agent_host.protocols.host_context import HostContext


class RouteAccess(StrEnum):
    """Who may reach a route. There is no default: every route says.

    `public`: anyone; it shows nothing of anybody. `caller`: whoever the host's authenticator
    knows and whose scopes include `call`; the host refuses others before the channel sees the
    request. `admin`: the same with the scope `admin`, which callers do not have and which does not
    make a caller. `signed`: the channel verifies the platform's signature itself, over the raw
    body, before it parses.
    """

    PUBLIC = "public"
    CALLER = "caller"
    ADMIN = "admin"
    SIGNED = "signed"


RenderError: TypeAlias = Callable[[HTTPConnection, HostError], Awaitable[Response]]
"""Says an error in a protocol's own words; the host's default is problem+json (RFC 9457)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRoute:
    """A Starlette route and who may reach it.

    The host guards it: callers are authenticated, the body is cut off at `body_limit_bytes` (None:
    the host's own limit) by a `TooLargeError` while it is read, and a `HostError` that the endpoint
    raises before its response began is answered by `render_error` (None: problem+json).
    """

    route: Route | WebSocketRoute
    access: RouteAccess
    body_limit_bytes: int | None = None
    render_error: RenderError | None = None


class Channel(Protocol):
    """One surface. Found in the group `agent_host.channels`, as a class whose `config_type` is the
    pydantic model of its config, and which is called with one (or with nothing for the defaults).

    It keeps no state between requests that it could not lose, never calls another channel, and
    takes the host only from what `routes` and `lifespan` are given.
    """

    @property
    def name(self) -> str:
        """Unique within a host; lower case, `[a-z][a-z0-9_]*`."""
        ...

    def routes(self, context: HostContext) -> Sequence[ChannelRoute]:
        """What to mount, with full paths. Called once, before start-up; the context is used from
        the first request on.
        """
        ...

    def lifespan(self, context: HostContext) -> AbstractAsyncContextManager[None]:
        """Whatever must be open while the channel serves: clients, polling loops."""
        ...


__all__ = ["Channel", "ChannelRoute", "RenderError", "RouteAccess"]
