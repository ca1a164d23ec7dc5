"""Puts what limits callers before and behind the guard of each route."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from starlette.routing import BaseRoute, WebSocketRoute

from agent_host.asgi.caller_limit import CallerLimits
from agent_host.asgi.failure_limit import FailureLimit
from agent_host.asgi.guard import guard_route
from agent_host.asgi.message_rate import limit_messages
from agent_host.asgi.request_limit import RequestLimits
from agent_host.protocols.authenticator import Authenticator
from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.rate import Rate

_MINUTE: Final = timedelta(minutes=1)


class LimitedRoutes:
    """Puts the limits into routes, before they are guarded. Counts for all of a host's routes."""

    def __init__(self, limits: RequestLimits, monotonic: Callable[[], float]) -> None:
        self._limits = limits
        self._monotonic = monotonic
        often = limits.requests_per_second
        self._callers = CallerLimits(
            rate=Rate(count=often) if often else None,
            at_once=limits.requests_at_once or None,
            monotonic=monotonic,
        )

    def limit(self, channel_route: ChannelRoute) -> ChannelRoute:
        """The route, its application behind the limits that are for it."""
        route, often = channel_route.route, self._limits.messages_per_second
        if isinstance(route, WebSocketRoute) and often:
            route.app = limit_messages(route.app, Rate(count=often), self._monotonic)
        if channel_route.access is RouteAccess.CALLER:
            route.app = self._callers.guarding(route.app)
        return channel_route

    def guard_all(
        self,
        routes: Sequence[ChannelRoute],
        *,
        callers: Authenticator,
        admins: Authenticator,
        body_limit_bytes: int,
    ) -> list[BaseRoute]:
        """The routes as they are mounted: limited, and each behind its guard."""
        return [
            guard_route(
                self.limit(route),
                authenticator=admins if route.access is RouteAccess.ADMIN else callers,
                body_limit_bytes=body_limit_bytes,
            )
            for route in routes
        ]

    def limit_failures(self, authenticator: Authenticator) -> Authenticator:
        """The authenticator, with an eye on those who fail; itself where nobody can."""
        often = self._limits.failed_authentications_per_minute
        if not often or authenticator.admits_anyone:
            return authenticator
        rate = Rate(count=often, per=_MINUTE)
        return FailureLimit(authenticator, rate=rate, monotonic=self._monotonic)


__all__ = ["LimitedRoutes"]
