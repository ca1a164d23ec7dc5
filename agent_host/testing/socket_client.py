"""A WebSocket client of a few lines (RFC 6455), on the library that Hypercorn itself uses.

For tests of channels: it says how a handshake was refused, which larger clients hide.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)

_CHUNK_BYTES: Final = 65_536
_NOT_THE_REQUESTS: Final = frozenset({"content-type"})


class SocketRefusedError(Exception):
    """The server did not accept; `status` is the HTTP status it said instead."""

    def __init__(self, status: int) -> None:
        super().__init__(f"refused with {status}")
        self.status = status


class SocketClosedError(Exception):
    """The server closed the socket with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class SocketClient:
    """One connection; made by `open_socket`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._connection = WSConnection(ConnectionType.CLIENT)
        self._events: list[Event] = []

    async def shake_hands(self, host: str, target: str, headers: Mapping[str, str]) -> None:
        """Ask for the socket.

        Raises:
            SocketRefusedError: the server says no.
        """
        extra = [
            (name.encode(), value.encode())
            for name, value in headers.items()
            if name not in _NOT_THE_REQUESTS
        ]
        await self._send(Request(host=host, target=target, extra_headers=extra))
        event = await self._next()
        if isinstance(event, RejectConnection):
            raise SocketRefusedError(event.status_code)
        assert isinstance(event, AcceptConnection)

    async def send(self, message: str | bytes) -> None:
        """Send a text message, or a binary one."""
        if isinstance(message, str):
            await self._send(TextMessage(data=message))
        else:
            await self._send(BytesMessage(data=message))

    async def receive(self) -> str:
        """The next whole text message.

        Raises:
            SocketClosedError: the server closed the socket.
        """
        text = ""
        while True:
            event = await self._next()
            if isinstance(event, TextMessage):
                text += event.data
                if event.message_finished:
                    return text

    async def _next(self) -> Event:
        while True:
            while self._events:
                event = self._events.pop(0)
                if isinstance(event, CloseConnection):
                    raise SocketClosedError(event.code)
                if not isinstance(event, Ping):
                    return event
                await self._send(event.response())
            self._connection.receive_data(await self._reader.read(_CHUNK_BYTES) or None)
            self._events += self._connection.events()

    async def _send(self, event: Event) -> None:
        self._writer.write(self._connection.send(event))
        await self._writer.drain()


@asynccontextmanager
async def open_socket(
    url: str, path: str, *, headers: Mapping[str, str] | None = None
) -> AsyncGenerator[SocketClient]:
    """A socket of the server at `url`, broken off at the end.

    Raises:
        SocketRefusedError: the server refused the handshake.
    """
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        client = SocketClient(reader, writer)
        await client.shake_hands(parts.netloc, path, headers or {})
        yield client
    finally:
        writer.close()


__all__ = ["SocketClient", "SocketClosedError", "SocketRefusedError", "open_socket"]
