"""The kit's WebSocket client, speaking JSON."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from agent_host.testing.socket_client import SocketClient, SocketRefusedError, open_socket


class JsonSocket:
    """One open connection."""

    def __init__(self, client: SocketClient) -> None:
        self._client = client

    async def send(self, message: object) -> None:
        """Send JSON, or a text or bytes as they are."""
        await self._client.send(
            message if isinstance(message, str | bytes) else json.dumps(message)
        )

    async def receive(self) -> dict[str, Any]:
        """The next whole message."""
        message: dict[str, Any] = json.loads(await self._client.receive())
        return message

    async def until(self, kind: str) -> list[dict[str, Any]]:
        """Messages up to the first of this type."""
        messages = [await self.receive()]
        while messages[-1]["type"] != kind:
            messages.append(await self.receive())
        return messages


@asynccontextmanager
async def socket(
    url: str, path: str = "/ws", headers: dict[str, str] | None = None
) -> AsyncGenerator[JsonSocket]:
    """A connection to a server at `url`, broken off at the end."""
    async with open_socket(url, path, headers=headers) as client:
        yield JsonSocket(client)


__all__ = ["JsonSocket", "SocketRefusedError", "socket"]
