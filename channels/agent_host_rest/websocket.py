"""`/ws`: each text message is the body of an invocation, each answer message one event of its run.

A message that cannot be taken, one that is too large among them (the host's guard caps it at the
route's limit), gets an error message; the socket stays open.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from starlette.websockets import WebSocket

from agent_host.errors import HostError, RequestError
from agent_host.protocols.host_context import HostContext
from agent_host.types import Caller
from agent_host_rest.config import RestConfig
from agent_host_rest.inbound import to_request
from agent_host_rest.outbound import from_entry, from_error
from agent_host_rest.validation import invalid
from agent_host_rest.wish import Wishes, to_wishes

_DISCONNECT: Final = "websocket.disconnect"


class InvocationSocket:
    """One connection. It has one run at a time."""

    __slots__ = ("_caller", "_config", "_context", "_sending", "_websocket")

    def __init__(
        self, websocket: WebSocket, context: HostContext, *, caller: Caller, config: RestConfig
    ) -> None:
        self._websocket = websocket
        self._context = context
        self._caller = caller
        self._config = config
        self._sending = asyncio.Lock()

    async def serve(self) -> None:
        """Until the caller leaves, which is a disconnect for a run that goes on."""
        wishes = Wishes(session=to_wishes(dict(self._websocket.scope["headers"])).session)
        await self._websocket.accept()
        current: asyncio.Task[None] | None = None
        async with asyncio.TaskGroup() as group:
            async for text in self._messages():
                if current is not None and not current.done():
                    busy = RequestError("A run is going on here; wait for its end.")
                    await self._send(from_error(busy))
                else:
                    current = group.create_task(self._answer(text, wishes))
            if current is not None:
                current.cancel()

    async def _messages(self) -> AsyncGenerator[str]:
        """Text messages until the caller leaves; others are answered with an error."""
        while True:
            try:
                message = await self._websocket.receive()
                if message["type"] == _DISCONNECT:
                    return
                text: str | None = message.get("text")
                if text is None:
                    complaint = "Send text messages, not binary ones."
                    raise RequestError(complaint)
            except HostError as error:
                await self._send(from_error(error))
            else:
                yield text

    async def _answer(self, text: str, wishes: Wishes) -> None:
        try:
            await self._run(text, wishes)
        except HostError as error:
            await self._send(from_error(error))

    async def _run(self, text: str, wishes: Wishes) -> None:
        request = to_request(text.encode(), wishes, caller=self._caller, config=self._config)
        if request.background:
            raise invalid((("background",), "is not for a WebSocket; use POST /invocations"))
        async with self._context.stream(request) as stream:
            async for entry in stream:
                await self._send(from_entry(entry))

    async def _send(self, message: bytes) -> None:
        async with self._sending:
            await self._websocket.send_text(message.decode())


__all__ = ["InvocationSocket"]
