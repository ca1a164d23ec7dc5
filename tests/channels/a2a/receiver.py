"""A receiver of push notifications on a real server, and one that misbehaves as it is told to."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from agent_host.asgi.server import ServerOptions
from agent_host.outbound.guarded import GuardedOutbound
from agent_host.outbound.policy import OutboundPolicy, to_allowed
from agent_host.testing.live_server import live_server

Answer = Callable[[], Awaitable[Response]]


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: Any


def answering(status: int, **headers: str) -> Answer:
    """Say this."""

    async def answer() -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Response(status_code=status, headers=named)

    return answer


async def never() -> Response:
    """Say nothing."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


@dataclass
class Receiver:
    """`script` is what it answers first, one after the other; then it takes everything."""

    url: str = ""
    script: list[Answer] = field(default_factory=list[Answer])
    requests: list[Received] = field(default_factory=list[Received])
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        request = Request(scope, receive)
        body = await request.body()
        self.requests.append(
            Received(request.url.path, dict(request.headers), json.loads(body) if body else None)
        )
        self._came.set()
        answer = self.script.pop(0) if self.script else answering(HTTPStatus.NO_CONTENT)
        await (await answer())(scope, receive, send)

    @property
    def bodies(self) -> list[Any]:
        return [request.body for request in self.requests]

    @property
    def states(self) -> list[str]:
        """Of the status updates of 1.0."""
        return [
            body["statusUpdate"]["status"]["state"]
            for body in self.bodies
            if "statusUpdate" in body
        ]

    async def until(self, holds: Callable[["Receiver"], bool]) -> None:
        """Return once enough has come."""
        async with asyncio.timeout(20):
            while not holds(self):
                self._came.clear()
                await self._came.wait()

    async def until_state(self, state: str) -> None:
        await self.until(lambda receiver: state in receiver.states)


@asynccontextmanager
async def receiving(*script: Answer) -> AsyncGenerator[Receiver]:
    """A receiver on loopback."""
    receiver = Receiver(script=list(script))
    # What was never answered is not waited for at the end.
    options = ServerOptions(grace=timedelta(seconds=0.1))
    async with live_server(receiver, options=options) as url:
        receiver.url = url
        yield receiver


def allowing(*receivers: Receiver) -> GuardedOutbound:
    """A client that may send to them."""
    return GuardedOutbound(
        OutboundPolicy(allow=frozenset(to_allowed(receiver.url) for receiver in receivers))
    )


__all__ = ["Answer", "Received", "Receiver", "allowing", "answering", "never", "receiving"]
