"""Agents to be called: our own host, in one dialect at a time, and what stands in front of it."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import uuid4

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from agent_host import AgentHost
from agent_host.agents.remote_a2a import RemoteA2AAgent, RemoteA2AOptions
from agent_host.agents.remote_a2a.dialect import Dialect
from agent_host.testing.live_server import live_server
from agent_host.types import RunId, Turn
from agent_host_a2a import A2AChannel, A2AConfig
from tests.adapters.driving import make_turn
from tests.channels.a2a.agent import converse

CARD: Final = "/.well-known/agent-card.json"
ALL: Final = tuple(Dialect)
WITH_TASKS: Final = tuple(dialect for dialect in Dialect if dialect is not Dialect.TASKS_SEND)


class OneDialect:
    """Shows of a host's card what is left if it speaks one dialect, and notes the requests."""

    def __init__(self, app: ASGIApp, dialect: Dialect, *, streams: bool = True) -> None:
        self._app = app
        self._dialect = dialect
        self._streams = streams
        self.seen: list[tuple[str, dict[str, str]]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.seen.append((f"{scope['method']} {scope['path']}", headers))
        if scope["path"] != CARD:
            await self._app(scope, receive, send)
            return
        if self._dialect is Dialect.TASKS_SEND:
            await respond(send, 404, {})
            return
        transport = httpx.ASGITransport(self._app)
        asked = {"a2a-version": self._dialect.version or "", "host": headers["host"]}
        async with httpx.AsyncClient(transport=transport, base_url="http://inside") as client:
            card: dict[str, Any] = (await client.get(CARD, headers=asked)).json()
        if not self._dialect.is_old:
            binding = self._dialect.value.partition(" ")[0]
            card["supportedInterfaces"] = [
                one for one in card["supportedInterfaces"] if one["protocolBinding"] == binding
            ][:1]
        card["capabilities"]["streaming"] = self._streams
        await respond(send, 200, card)


async def respond(
    send: Send, status: int, body: object, headers: dict[str, str] | None = None
) -> None:
    """A whole answer, of JSON unless it is bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"content-type": "application/json", **(headers or {})}
    raw = [(name.encode(), value.encode()) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": content})


@asynccontextmanager
async def remote(
    dialect: Dialect = Dialect.JSON_RPC_1_0,
    *,
    target: object = converse,
    streams: bool = True,
    options: RemoteA2AOptions | None = None,
    **host_options: Any,
) -> AsyncGenerator[RemoteA2AAgent]:
    """An agent that is called in one dialect, entered and with its card read."""
    config = A2AConfig(tasks_send=True)
    host = AgentHost(target, channels=[A2AChannel(config)], **host_options)
    async with (
        live_server(OneDialect(host.app, dialect, streams=streams)) as url,
        await RemoteA2AAgent.discover(url, options) as agent,
    ):
        yield agent


def new_turn(text: str = "hello", **changes: Any) -> Turn:
    """A turn of a run of its own: who sends a run's words again is answered as before."""
    return make_turn(text, **{"run_id": RunId(f"run_{uuid4().hex}"), **changes})


__all__ = ["ALL", "CARD", "WITH_TASKS", "OneDialect", "new_turn", "remote", "respond"]
