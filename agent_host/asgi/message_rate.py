"""How many messages one websocket may send in a time; stands inside the route's guard."""

from collections.abc import Callable
from datetime import timedelta

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent_host.asgi.edge_error import TooManyRequestsError
from agent_host.rate import Rate, RateLimit


def limit_messages(app: ASGIApp, rate: Rate, monotonic: Callable[[], float]) -> ASGIApp:
    """The websocket application, whose `receive` raises `TooManyRequestsError` in place of a
    message too many. That message is lost; the next may be good again.
    """

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        limit = RateLimit(rate, monotonic, keys_limit=1)

        async def receive_at_rate() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive":
                wait = limit.take(None)
                if wait:
                    text = "You send messages faster than you may. This one was not taken."
                    raise TooManyRequestsError(text, timedelta(seconds=wait))
            return message

        await app(scope, receive_at_rate, send)

    return limited


__all__ = ["limit_messages"]
