"""What the server has read for one request and the application has not taken yet."""

import asyncio
from collections import deque
from typing import Any, Final

_DISCONNECTS: Final = frozenset({"http.disconnect", "websocket.disconnect"})


class Inbox:
    """Messages from the reader of a connection (one task) to the application (one at a time).

    Holds at most `limit`; a reader that brings more waits, which slows the sender down. Once the
    disconnect has been put nothing waits any more: later messages are dropped, and the disconnect
    is given to whoever asks, again and again. That a request's body is over is said with its last
    piece, if that was not taken yet.
    """

    __slots__ = (
        "_arrival",
        "_awaited",
        "_awaited_since",
        "_failure",
        "_limit",
        "_messages",
        "_over",
        "_room",
    )

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._messages: deque[Any] = deque()
        self._over = False
        self._arrival: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._failure: Exception | None = None
        self._awaited = 0.0
        self._awaited_since: float | None = None

    @property
    def awaited_seconds(self) -> float:
        """How long the application has waited for messages that were not there, in all."""
        if self._awaited_since is None:
            return self._awaited
        return self._awaited + asyncio.get_running_loop().time() - self._awaited_since

    def fail(self, failure: Exception) -> None:
        """Raise it where the application asks for more than is there."""
        self._failure = failure
        _wake(self._arrival)

    async def put(self, message: Any) -> None:  # noqa: ANN401 - ASGI's own message type
        """Add a message, waiting for room unless it is the disconnect."""
        if message["type"] in _DISCONNECTS:
            self._over = True
            _wake(self._room)
        elif self._messages and not self._over and _only_ends_body(message):
            self._messages[-1]["more_body"] = False
            return
        else:
            while len(self._messages) >= self._limit and not self._over:
                self._room = asyncio.get_running_loop().create_future()
                await self._room
            if self._over:
                return
        self._messages.append(message)
        _wake(self._arrival)

    async def get(self) -> Any:  # noqa: ANN401 - ASGI's own message type
        """The next message, as ASGI's `receive`."""
        while not self._messages:
            if self._failure is not None:
                raise self._failure
            loop = asyncio.get_running_loop()
            self._arrival = loop.create_future()
            self._awaited_since = loop.time()
            try:
                await self._arrival
            finally:
                self._awaited = self.awaited_seconds
                self._awaited_since = None
        if self._messages[0]["type"] in _DISCONNECTS:
            return self._messages[0]
        message = self._messages.popleft()
        _wake(self._room)
        return message


def _only_ends_body(message: Any) -> bool:  # noqa: ANN401 - as above
    return message.get("more_body") is False and message["body"] == b""


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


__all__ = ["Inbox"]
