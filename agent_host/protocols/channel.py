"""The seam to a protocol or platform. A channel parses, asks the host, and renders."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from starlette.routing import Route, WebSocketRoute

from agent_host.protocols.host_context import HostContext


class RouteAccess(StrEnum):
    """Who may reach a route. There is no default: every route says.

    `public`: anyone; it shows nothing of anybody. `caller`: whoever the host's authenticator
    knows; the host refuses others before the channel sees the request. `signed`: the channel
    verifies the platform's signature itself, over the raw body, before it parses.
    """

    PUBLIC = "public"
    CALLER = "caller"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class ChannelRoute:
    """A Starlette route and who may reach it."""

    route: Route | WebSocketRoute
    access: RouteAccess


class Channel(Protocol):
    """One surface. Found in the group `agent_host.channels`, as a class that is called with its
    config (or with nothing for the defaults).

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


__all__ = ["Channel", "ChannelRoute", "RouteAccess"]
