"""One client's requests, each after the other: the plain ones here, the others by `http11.py`.

Most requests are plain, so they go the short way. Every head is read here first, so that what is
refused is refused on both ways; one that is not plain goes on, as it came, to a protocol of its
own, which gives back what follows the request.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import unquote

from hypercorn.config import Config
from hypercorn.events import Closed
from hypercorn.typing import ConnectionState, HTTPScope

from agent_host.asgi.http11 import Http11
from agent_host.asgi.plain_exchange import PlainExchange
from agent_host.asgi.plain_request import RefusedRequestError, RequestHead, RequestReader
from agent_host.asgi.plain_response import ResponseWriter


class Socket(Protocol):
    """What a connection does for its protocol."""

    @property
    def client(self) -> tuple[str, int]:
        """Who is at the other end."""
        ...

    @property
    def server(self) -> tuple[str, int]:
        """Our own end."""
        ...

    async def write(self, data: bytes) -> None:
        """Send."""

    def mark_head(self) -> None:
        """The head of a request has begun to come."""

    def mark_busy(self) -> None:
        """A request is being served."""

    def mark_idle(self) -> None:
        """It is over, and another may follow."""

    def close(self) -> None:
        """Nothing more is to be read or written."""


class PlainHttp:
    """The protocol of one connection."""

    def __init__(
        self,
        socket: Socket,
        config: Config,
        state: dict[str, Any],
        *,
        run: Callable[[HTTPScope, PlainExchange], None],
        full: Callable[[], Http11],
    ) -> None:
        self._socket = socket
        self._config = config
        self._state = state
        self._run = run
        self._make_full = full
        self._reader = RequestReader(config.h11_max_incomplete_size)
        self._exchange: PlainExchange | None = None
        self._closes = False
        self._full: Http11 | None = None
        self._free = asyncio.Event()
        self._requests = 0
        self._is_closed = False

    @property
    def is_sending_body(self) -> bool:
        """Whether the client has not sent all of a body."""
        if self._full is not None:
            return self._full.is_sending_body
        return self._reader.body_left > 0

    @property
    def leaves_unread(self) -> bool:
        """Whether the client may have sent, or be sending, what is not going to be read."""
        if self._full is not None:
            return self._full.leaves_unread
        return self._reader.body_left > 0 or self._reader.has_data

    async def receive(self, data: bytes) -> None:
        """Take what has come, which waits while it belongs to a later request."""
        if self._full is not None:
            rest = await self._full.receive(data)
            if rest is None:
                return
            self._full, data = None, rest
        self._reader.receive(data)
        while self._reader.has_data and not self._is_closed:
            if self._exchange is not None:
                await self._receive_body(self._exchange)
            elif not await self._receive_head():
                return

    def stop(self) -> None:
        """The request that is being served is the last one."""
        if self._full is not None:
            self._full.keep_alive_requests = self._config.keep_alive_max_requests
        elif self._exchange is not None:
            self._exchange.announce_close()

    async def leave(self) -> None:
        """The client says no more."""
        if self._full is not None:
            await self._full.handle(Closed())
        elif self._exchange is not None:
            await self._exchange.leave()

    async def _receive_head(self) -> bool:
        try:
            head = self._reader.read_head()
        except RefusedRequestError as error:
            await self._refuse(error.status)
            return False
        if head is None:
            self._socket.mark_head()
            return False
        self._socket.mark_busy()
        self._requests += 1
        if head.is_plain:
            await self._begin(head)
            return True
        full = self._full = self._make_full()
        full.keep_alive_requests = self._requests - 1
        rest = await full.receive(self._reader.give_back())
        if rest is None:
            return False
        self._full = None
        self._reader.receive(rest)
        return True

    async def _begin(self, head: RequestHead) -> None:
        self._closes = head.closes
        scope = self._scope(head)
        closes = head.closes or self._requests >= self._config.keep_alive_max_requests
        exchange = self._exchange = PlainExchange(
            scope,
            self._config,
            ResponseWriter(method=head.method, closes=closes),
            write=self._socket.write,
            over=self._end,
        )
        self._free.clear()
        self._run(scope, exchange)
        if not head.body_bytes:
            await exchange.inbox.put({"type": "http.request", "body": b"", "more_body": False})

    async def _receive_body(self, exchange: PlainExchange) -> None:
        if self._reader.body_left:
            body = self._reader.read_body()
            more = self._reader.body_left > 0
            await exchange.inbox.put({"type": "http.request", "body": body, "more_body": more})
        elif self._closes:
            await self._refuse(400)
        else:
            await self._free.wait()

    def _end(self, keeps: bool) -> None:  # noqa: FBT001 - the exchange says one thing
        self._exchange = None
        self._free.set()
        if keeps and not self._reader.body_left:
            self._socket.mark_idle()
        else:
            self._close()

    async def _refuse(self, status: int) -> None:
        if self._exchange is None or not self._exchange.has_begun:
            writer = ResponseWriter(method="GET", closes=True)
            headers = [(b"content-length", b"0"), *self._config.response_headers("h11")]
            await self._socket.write(writer.start(status, headers))
        self._close()

    def _close(self) -> None:
        self._is_closed = True
        self._socket.close()

    def _scope(self, head: RequestHead) -> HTTPScope:
        path, _, query = head.target.partition(b"?")
        return {
            "type": "http",
            "http_version": "1.1",
            "asgi": {"spec_version": "2.1", "version": "3.0"},
            "method": head.method,
            "scheme": "http",
            "path": unquote(path.decode("ascii")),
            "raw_path": path,
            "query_string": query,
            "root_path": self._config.root_path,
            "headers": head.headers,
            "client": self._socket.client,
            "server": self._socket.server,
            "state": ConnectionState(self._state.copy()),
            "extensions": {},
        }


__all__ = ["PlainHttp", "Socket"]
