"""What callers may cost: values only; `LimitedRoutes` sees to it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLimits:
    """None or 0 is no limit.

    The first two are for one caller, counted behind its authentication; where nobody has to prove
    who they are, all callers are one. The third is for one client address, the last for one
    websocket. What one may do in a second it may do at once.
    """

    requests_per_second: int | None = None
    requests_at_once: int | None = None
    failed_authentications_per_minute: int | None = 30
    messages_per_second: int | None = 100


__all__ = ["RequestLimits"]
