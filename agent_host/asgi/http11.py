"""HTTP/1.1 as Hypercorn speaks it on h11, without some of what every request has to pay for.

Hypercorn reads the name of every header as text to find out who asks for a websocket, and wraps
whatever is to be written in an event of its own. What is read and what is written stays the same.
"""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import h11
from hypercorn.config import Config
from hypercorn.events import Event
from hypercorn.protocol.events import Request
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.typing import (
    AppWrapper,
    ConnectionState,
    H11SendableEvent,
    TaskGroup,
    WorkerContext,
)


class Wire(NamedTuple):
    """Both ends of a connection, and its ways out: `write` takes the bytes of responses, `send`
    those of websockets, and is told what happens to the connection.
    """

    client: tuple[str, int]
    server: tuple[str, int]
    send: Callable[[Event], Awaitable[None]]
    write: Callable[[bytes], Awaitable[None]]


class Http11(H11Protocol):
    """The protocol of one connection."""

    def __init__(
        self,
        app: AppWrapper,
        config: Config,
        context: WorkerContext,
        requests: TaskGroup,
        state: ConnectionState,
        wire: Wire,
    ) -> None:
        client, server, send, self._write = wire
        super().__init__(
            app,
            config,
            context,
            requests,
            state,
            ssl=False,
            client=client,
            server=server,
            send=send,
        )

    async def _check_protocol(self, event: h11.Request) -> None:
        """Heed no wish to change to HTTP/2, as RFC 9110 §7.8 allows."""

    async def _create_stream(self, request: h11.Request) -> None:
        headers = [(name.lower(), value) for name, value in request.headers.raw_items()]
        if any(name == b"upgrade" for name, _ in headers):
            await super()._create_stream(request)
            return
        self.stream = stream = HTTPStream(
            self.app,
            self.config,
            self.context,
            self.task_group,
            self.ssl,
            self.client,
            self.server,
            self.stream_send,
            STREAM_ID,
        )
        await stream.handle(
            Request(
                stream_id=STREAM_ID,
                headers=headers,
                http_version=request.http_version.decode(),
                method=request.method.decode("ascii").upper(),
                raw_path=request.target,
                state=self.connection_state,
            )
        )
        self.keep_alive_requests += 1
        await self.context.mark_request()

    async def _send_h11_event(self, event: H11SendableEvent) -> None:
        try:
            data = self.connection.send(event)
        except h11.LocalProtocolError:
            if self.connection.their_state is not h11.ERROR:
                raise
        else:
            if data:
                await self._write(data)


__all__ = ["Http11", "Wire"]
