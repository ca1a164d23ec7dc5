"""One plain request and its response, as the application sees them: ASGI's HTTP messages.

https://asgi.readthedocs.io/en/stable/specs/www.html; extensions of it are not offered.
"""

import time
from collections.abc import Awaitable, Callable, Iterable
from enum import Enum, auto
from typing import Any, Final, cast

from hypercorn.config import Config
from hypercorn.typing import HTTPScope, ResponseSummary
from hypercorn.utils import UnexpectedMessageError

from agent_host.asgi.inbox import Inbox
from agent_host.asgi.plain_response import ResponseWriter

_FAILED: Final = ((b"content-length", b"0"), (b"connection", b"close"))


class _Stage(Enum):
    REQUEST = auto()
    RESPONSE = auto()
    OVER = auto()


class PlainExchange:
    """Takes the application's messages and writes its response.

    The head waits for the body, as ASGI has it, so that both go out in one write. `over` is called
    once, when nothing more is to be written; it is told whether the connection may be kept.
    """

    __slots__ = (
        "_began",
        "_config",
        "_has_left",
        "_held",
        "_over",
        "_scope",
        "_stage",
        "_status",
        "_write",
        "_writer",
        "inbox",
    )

    def __init__(
        self,
        scope: HTTPScope,
        config: Config,
        writer: ResponseWriter,
        *,
        write: Callable[[bytes], Awaitable[None]],
        over: Callable[[bool], None],
    ) -> None:
        self._scope = scope
        self._config = config
        self._writer = writer
        self._write = write
        self._over = over
        self._stage = _Stage.REQUEST
        self._held = b""
        self._has_left = False
        self._status: int
        self._began = time.time()
        self.inbox = Inbox(config.max_app_queue_size)
        """What the application receives."""

    @property
    def has_begun(self) -> bool:
        """Whether there is a response."""
        return self._stage is not _Stage.REQUEST

    async def send(self, message: Any) -> None:  # noqa: ANN401 - ASGI's own message type
        """ASGI's `send`; None says that the application has returned.

        Raises:
            LocalProtocolError: a response that cannot be written.
            UnexpectedMessageError: a message that has no place here.
        """
        if message is None:
            await self._finish()
        elif message["type"] == "http.response.body" and self._stage is _Stage.RESPONSE:
            self._held += self._writer.body(bytes(message.get("body", b"")))
            if message.get("more_body", False):
                await self._write(self._release())
            else:
                self._held += self._writer.end()
                await self._end(self._status)
        elif message["type"] == "http.response.start" and self._stage is _Stage.REQUEST:
            self._status = int(message["status"])
            self._held = self._head(self._status, message.get("headers", ()))
            self._stage = _Stage.RESPONSE
        else:
            raise UnexpectedMessageError(self._stage, message["type"])

    def announce_close(self) -> None:
        """The connection is not to be kept; a response that has not begun will say so."""
        self._writer.closes = True

    async def leave(self) -> None:
        """The client says no more, and may be gone."""
        self._has_left = True
        await self.inbox.put({"type": "http.disconnect"})

    async def _finish(self) -> None:
        if self._stage is _Stage.OVER:
            return
        status: int | None = None
        if self._stage is _Stage.REQUEST and not self._has_left:
            status = 500
            self._held = self._head(status, _FAILED)
        self._writer.closes = True
        await self._end(status)

    async def _end(self, status: int | None) -> None:
        self._stage = _Stage.OVER
        try:
            await self._write(self._release())
        finally:
            # It is written, even if the application waits no longer for the client to read it.
            await self.inbox.put({"type": "http.disconnect"})
            self._over(not self._writer.closes)
            await self._log(status)

    async def _log(self, status: int | None) -> None:
        # The line has no header; and Hypercorn takes fewer kinds of bytes for one than are sent.
        # Hypercorn's own code passes None, too, for a response that was not finished.
        answer = cast("ResponseSummary", status and {"status": status, "headers": []})
        await self._config.log.access(self._scope, answer, time.time() - self._began)

    def _head(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        return self._writer.start(status, [*headers, *self._config.response_headers("h11")])

    def _release(self) -> bytes:
        held, self._held = self._held, b""
        return held


__all__ = ["PlainExchange"]
