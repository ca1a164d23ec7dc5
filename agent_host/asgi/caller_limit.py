"""How much one caller may ask: requests in a time, and requests at once.

Stands inside a route's guard, behind its authentication. Whom a trusted platform speaks for counts
as a caller each, so that one of them does not use up what all have.
"""

from collections.abc import Callable, Hashable
from datetime import timedelta
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from agent_host.asgi.edge_error import TooManyAtOnceError, TooManyRequestsError
from agent_host.context import current_isolation, current_principal
from agent_host.rate import Rate, RateLimit

_RETRY_AFTER: Final = timedelta(seconds=1)


class CallerLimits:
    """Shared by all routes of a host. A websocket is one request for as long as it is open."""

    __slots__ = ("_at_once", "_going_on", "_rate")

    def __init__(
        self, *, rate: Rate | None, at_once: int | None, monotonic: Callable[[], float]
    ) -> None:
        self._rate = None if rate is None else RateLimit(rate, monotonic)
        self._at_once = at_once
        self._going_on: dict[Hashable, int] = {}

    def guarding(self, app: ASGIApp) -> ASGIApp:
        """The application behind these limits; itself where there are none."""
        if self._rate is None and self._at_once is None:
            return app

        async def limited(scope: Scope, receive: Receive, send: Send) -> None:
            key = _key_of_caller()
            self._enter(key)
            try:
                await app(scope, receive, send)
            finally:
                self._leave(key)

        return limited

    def _enter(self, key: Hashable) -> None:
        """Count a request that begins.

        Raises:
            TooManyAtOnceError: the caller has as many as it may.
            TooManyRequestsError: the caller had as many as it may.
        """
        going_on = self._going_on.get(key, 0)
        if self._at_once is not None and going_on >= self._at_once:
            message = f"You may have {self._at_once} requests going on at once."
            raise TooManyAtOnceError(message, _RETRY_AFTER)
        wait = 0.0 if self._rate is None else self._rate.take(key)
        if wait:
            message = "You ask more often than you may. Wait before you try again."
            raise TooManyRequestsError(message, timedelta(seconds=wait))
        self._going_on[key] = going_on + 1

    def _leave(self, key: Hashable) -> None:
        left = self._going_on[key] - 1
        if left:
            self._going_on[key] = left
        else:
            del self._going_on[key]


def _key_of_caller() -> Hashable:
    principal, isolation = current_principal.get(), current_isolation.get()
    if principal is None:
        return None
    user = None if isolation is None else isolation.user
    return principal.tenant, principal.kind, principal.id, user


__all__ = ["CallerLimits"]
