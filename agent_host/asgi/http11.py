"""A request that is not plain, as Hypercorn serves it on h11: a websocket, a body in chunks,
`100-continue`, HTTP/1.0.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, cast

import h11
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import WSStream
from hypercorn.typing import (
    AppWrapper,
    ConnectionState,
    H11SendableEvent,
    TaskGroup,
    WorkerContext,
)

_ABNORMAL_CLOSURE: Final = 1006  # RFC 6455 §7.4.1


class Wire(NamedTuple):
    """Both ends of a connection, and its ways out: `write` takes the bytes of responses, `send`
    those of websockets, and is told what happens to the connection.
    """

    client: tuple[str, int]
    server: tuple[str, int]
    send: Callable[[Event], Awaitable[None]]
    write: Callable[[bytes], Awaitable[None]]


class Http11(H11Protocol):
    """The protocol of one request, or of a websocket for as long as that is open."""

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
        self._spent: _SpentConnection | None = None

    async def _check_protocol(self, event: h11.Request) -> None:
        """Heed no wish to change to HTTP/2, as RFC 9110 §7.8 allows."""

    @property
    def is_sending_body(self) -> bool:
        """Whether the client has not sent all of a body."""
        return self._client_is_in(h11.SEND_BODY)

    @property
    def leaves_unread(self) -> bool:
        """Whether the client may have sent, or be sending, what is not going to be read."""
        connection = self.connection
        return self._client_is_in(h11.SEND_BODY, h11.ERROR) or (
            isinstance(connection, h11.Connection) and bool(connection.trailing_data[0])
        )

    async def receive(self, data: bytes) -> bytes | None:
        """Take what has come. Once the request is over: what has come after it; before, None."""
        try:
            await self.handle(RawData(data))
        except h11.LocalProtocolError:
            # The application spoke while Hypercorn was writing a refusal.
            await self.send(Closed())
        stream = self.stream
        if isinstance(stream, WSStream) and stream.closed:
            # Refused in its handshake, of which Hypercorn tells neither the application, which
            # would wait for ever, nor us.
            tell = cast("Callable[[Any], Awaitable[None]] | None", stream.app_put)  # pyright: ignore[reportUnknownMemberType]
            if tell is not None:
                await tell({"type": "websocket.disconnect", "code": _ABNORMAL_CLOSURE})
            await self.send(Closed())
        return None if self._spent is None else self._spent.give_back()

    async def _maybe_recycle(self) -> None:
        await super()._maybe_recycle()
        connection = self.connection
        if isinstance(connection, h11.Connection) and connection.our_state is h11.IDLE:
            self._spent = _SpentConnection(connection.trailing_data[0])
            self.connection = cast("h11.Connection", self._spent)

    def _client_is_in(self, *states: object) -> bool:
        connection = self.connection
        return isinstance(connection, h11.Connection) and connection.their_state in states

    async def _send_h11_event(self, event: H11SendableEvent) -> None:
        try:
            data = self.connection.send(event)
        except h11.LocalProtocolError:
            if self.connection.their_state is not h11.ERROR:
                raise
        else:
            if data:
                await self._write(data)


class _SpentConnection:
    """Stands where h11 stood until its request was over; keeps what comes for who reads on."""

    they_are_waiting_for_100_continue = False

    def __init__(self, data: bytes) -> None:
        self._data = data

    def receive_data(self, data: bytes) -> None:
        """Keep it."""
        self._data += data

    def next_event(self) -> type[h11.NEED_DATA]:
        """None will come."""
        return h11.NEED_DATA

    def give_back(self) -> bytes:
        """All of it."""
        return self._data


__all__ = ["Http11", "Wire"]
