"""One client's HTTP/1.1 connection, from accept to close.

`plain_http.py` and, behind it, Hypercorn speak HTTP and websockets; this owns the socket. It stands
in for Hypercorn's `TCPServer`, which loses the response to an upload that is refused before it was
read to its end, and keeps some connections for ever whose client has left. HTTP/2 is left to the
proxy in front.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Final, Self, cast

from h11 import LocalProtocolError
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Event, RawData, Updated
from hypercorn.typing import (
    AppWrapper,
    ASGIReceiveEvent,
    ASGISendEvent,
    ConnectionState,
    HTTPScope,
    Scope,
)
from starlette.types import ASGIApp

from agent_host.asgi.edge_error import SlowRequestError
from agent_host.asgi.http11 import Http11, Wire
from agent_host.asgi.inbox import Inbox
from agent_host.asgi.outgoing import Outgoing
from agent_host.asgi.plain_exchange import PlainExchange
from agent_host.asgi.plain_http import PlainHttp

_READ_BYTES: Final = 64 * 1024
_LINGER_SECONDS: Final = 5.0
_LOOKS_PER_BODY: Final = 16
_TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

_Send = Callable[[ASGISendEvent | None], Awaitable[None]]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds that a client may take: for nothing at all between two requests, for the head of a
    request from its first byte on, for its body, counted while the application waits for it, and to
    take any byte of what waits to be sent.
    """

    idle: float
    head: float
    body: float
    send: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What all connections of a server share. `context.terminated` ends keep-alive."""

    app: ASGIApp
    config: Config
    context: WorkerContext
    state: dict[str, Any]
    patience: Patience


class Connection:
    """Reads requests, runs the application for each in a task of its own, writes responses.

    A client that takes longer than the service has patience is answered 408 where it has begun a
    request, and hung up on. One that does not read has its connection reset.
    """

    def __init__(
        self, service: Service, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._service = service
        self._reader = reader
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self.client: tuple[str, int]
        """Who is at the other end."""
        self.server: tuple[str, int]
        """Our own end."""
        self._protocol: PlainHttp
        self._reading: asyncio.Timeout | None = None
        self._closing = False
        self._held: list[bytes] | None = None
        self._idle_since: float | None = self._loop.time()
        self._head_since: float | None = None
        self._outgoing = Outgoing(writer.transport)
        self._runs_alone = False
        self._requests: _Requests
        self._timer = self._loop.call_later(0, self._check_time)

    async def run(self) -> None:
        """Return once the connection is closed and its last request is over.

        Cancelled, it cancels its requests and resets the connection.
        """
        try:
            await self._serve()
            self._writer.close()
            await self._writer.wait_closed()
        except OSError:
            _logger.debug("a client vanished")
        finally:
            self._timer.cancel()
            with suppress(AttributeError):  # asyncio's, once the connection is lost
                self._writer.transport.abort()

    def stop(self) -> None:
        """Take no further request; one that is going on still gets its whole response."""
        if self._idle_since is not None:
            self.close()
        else:
            self._protocol.stop()

    def mark_head(self) -> None:
        """The head of a request has begun to come."""
        if self._head_since is None:
            self._head_since = self._loop.time()

    def mark_busy(self) -> None:
        """A request is being served."""
        self._head_since = self._idle_since = None

    def mark_idle(self) -> None:
        """It is over, and another may follow."""
        self._head_since = None
        self._idle_since = self._loop.time()

    async def write(self, data: bytes) -> None:
        """Send, as fast as the client reads; nothing once the connection is being closed."""
        if self._closing:
            await self._let_others_run()
            return
        if not data:
            return
        self._outgoing.written += len(data)
        try:
            self._writer.write(data)
            await self._writer.drain()
        except (ConnectionError, RuntimeError):
            self._cut()

    async def _let_others_run(self) -> None:
        """An application that goes on sending for ever, and waits for nothing else, must not keep
        the event loop from telling it that its client is gone.
        """
        if self._runs_alone:
            await asyncio.sleep(0)
        else:
            self._runs_alone = True
            self._loop.call_soon(self._note_turn)

    def _note_turn(self) -> None:
        self._runs_alone = False

    def close(self) -> None:
        """Nothing more is to be read or written."""
        if not self._closing:
            self._end(lingers=self._protocol.leaves_unread)

    async def _serve(self) -> None:
        service = self._service
        sock = self._writer.get_extra_info("socket")
        self.client = _address(sock.getpeername())
        self.server = _address(sock.getsockname())
        async with _Requests(service.app, self._send_message) as requests:
            self._requests = requests
            self._protocol = PlainHttp(
                self,
                service.config,
                service.state,
                run=requests.run,
                full=self._full_protocol,
            )
            await self._read()
            await self._protocol.leave()
            requests.cancel_pings()

    def _full_protocol(self) -> Http11:
        service = self._service
        return Http11(
            cast("AppWrapper", service.app),
            service.config,
            service.context,
            self._requests,
            ConnectionState(service.state),
            Wire(client=self.client, server=self.server, send=self._send, write=self._take),
        )

    async def _read(self) -> None:
        try:
            # A scope that `_cut` can end; it has no deadline.
            async with asyncio.timeout(None) as self._reading:
                while data := await self._reader.read(_READ_BYTES):
                    if not self._closing:
                        await self._protocol.receive(data)
        except OSError:
            _logger.debug("a connection ended while it was read")
        finally:
            self._reading = None

    async def _send(self, event: Event) -> None:
        if isinstance(event, RawData):
            await self._take(event.data)
        elif not isinstance(event, Updated):
            self.close()
        elif event.idle:
            self.mark_idle()
        else:
            self.mark_busy()

    async def _take(self, data: bytes) -> None:
        if self._held is not None:
            self._held.append(data)
        else:
            await self.write(data)

    async def _send_message(self, send: _Send, message: ASGISendEvent | None) -> None:
        # The head waits for the body, as ASGI has it, so that both go out in one write: a system
        # call less is a twentieth of what a short answer costs.
        if self._held is None:
            self._held = []
        try:
            await send(message)
        except LocalProtocolError:
            if message is not None:
                raise
            self.close()  # what the application has left cannot be ended any more
        if message is None or message["type"] != "http.response.start":
            await self.write(self._release())

    def _release(self) -> bytes:
        held, self._held = self._held, None
        return b"".join(held) if held else b""

    def _end(self, *, lingers: bool) -> None:
        if held := self._release():
            with suppress(OSError, RuntimeError):
                self._writer.write(held)
        self._closing = True
        self._timer.cancel()
        if lingers:
            # To close now would reset the connection, and the client might lose the response that
            # is on its way. So end our direction, and read on, unheeding, until it ends its own.
            with suppress(OSError, RuntimeError):
                self._writer.write_eof()
            self._timer = self._loop.call_later(_LINGER_SECONDS, self._cut)
        else:
            self._cut()

    def _cut(self) -> None:
        self._closing = True
        self._writer.close()
        self._check_unsent()
        if self._reading is not None:
            # The reader may wait for something else than the socket, which never comes.
            self._reading.reschedule(self._loop.time())

    def _check_time(self) -> None:
        # One timer for the whole life of a connection, so that a request costs none. It looks often
        # enough to see whatever begins before its time is over.
        patience, now = self._service.patience, self._loop.time()
        unread = self._outgoing.unread_seconds(now)
        if unread >= patience.send:
            self._reset(unread)
            return
        if self._head_since is not None:
            left = self._head_since + patience.head - now
            if left <= 0:
                self._refuse_head()
                return
        elif self._idle_since is not None:
            left = self._idle_since + patience.idle - now
            if left <= 0:
                self.close()
                return
        else:
            left = patience.body
            if self._protocol.is_sending_body:
                inbox = self._requests.inbox
                left -= inbox.awaited_seconds
                if left <= 0:
                    inbox.fail(SlowRequestError())
                # It does not pass while the application does not wait.
                left = max(left, patience.body / _LOOKS_PER_BODY)
        left = min(left, patience.send - unread)
        look_again = min(left, patience.idle, patience.head, patience.body)
        self._timer = self._loop.call_later(look_again, self._check_time)

    def _check_unsent(self) -> None:
        """The connection is being closed: whoever reads may take what is still to be sent."""
        self._timer.cancel()
        unread = self._outgoing.unread_seconds(self._loop.time())
        left = self._service.patience.send - unread
        if left <= 0:
            self._reset(unread)
        else:
            self._timer = self._loop.call_later(left, self._check_unsent)

    def _reset(self, unread: float) -> None:
        _logger.info("a client read nothing of its answer for %g seconds", unread)
        self._closing = True
        self._writer.transport.abort()

    def _refuse_head(self) -> None:
        with suppress(OSError, RuntimeError):
            self._writer.write(_TOO_SLOW)
        self._end(lingers=True)


class _Requests:
    """Runs the application; Hypercorn's seam to tasks, with an inbox that holds nobody once a
    request is over.
    """

    def __init__(self, app: ASGIApp, send_message: Callable[[_Send, Any], Awaitable[None]]) -> None:
        self._app = app
        self._send_message = send_message
        self._tasks = asyncio.TaskGroup()
        self._pings: list[asyncio.Task[None]] = []
        self.inbox: Inbox
        """Of the request that began last."""

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self._tasks.__aexit__(exc_type, exc_value, tb)

    def run(self, scope: HTTPScope, exchange: PlainExchange) -> None:
        """Run the application for a plain request."""
        self.inbox = exchange.inbox
        self._tasks.create_task(_run_app(self._app, scope, exchange.inbox, exchange.send))

    async def spawn_app(
        self,
        app: AppWrapper,
        config: Config,
        scope: Scope,
        send: _Send,
    ) -> Callable[[ASGIReceiveEvent], Awaitable[None]]:
        """Run the application for any other; what is returned takes its messages."""
        inbox = self.inbox = Inbox(config.max_app_queue_size)
        self._tasks.create_task(
            _run_app(cast("ASGIApp", app), scope, inbox, partial(self._send_message, send))
        )
        return inbox.put

    def spawn(self, func: Callable[..., Coroutine[Any, Any, None]], *args: Any) -> None:  # noqa: ANN401 - as Hypercorn has it
        """Run the pings of a websocket; HTTP/1.1 needs nothing else beside the application."""
        self._pings.append(self._tasks.create_task(func(*args)))

    def cancel_pings(self) -> None:
        """End them now: they would notice the end of the connection at their next turn only."""
        for task in self._pings:
            task.cancel()


async def _run_app(
    app: ASGIApp,
    scope: Any,  # noqa: ANN401 - Hypercorn's and Starlette's types for the same dict differ
    inbox: Inbox,
    send: Callable[[Any], Awaitable[None]],
) -> None:
    try:
        await app(scope, inbox.get, send)
    except Exception:
        _logger.exception("the application failed while it answered a request")
    finally:
        await send(None)


def _address(name: tuple[Any, ...]) -> tuple[str, int]:
    host, port = name[:2]  # IPv6 has two more
    return host, port


__all__ = ["Connection", "Patience", "Service"]
