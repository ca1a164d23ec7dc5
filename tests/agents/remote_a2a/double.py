"""An agent that misbehaves by script: each request takes the next step of what it does."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias

from starlette.types import Receive, Scope, Send

from agent_host.agents.remote_a2a import RemoteA2AAgent, RemoteA2AOptions
from agent_host.testing.live_server import live_server
from tests.agents.remote_a2a.serving import CARD, respond

PATIENCE = timedelta(seconds=0.3)
OPTIONS = RemoteA2AOptions(
    idle_time_limit=PATIENCE,
    cancel_time_limit=PATIENCE,
    response_limit_bytes=20_000,
    reconnect_limit=2,
    poll_interval=timedelta(milliseconds=1),
)


@dataclass
class Whole:
    """A whole answer; `result` becomes a JSON-RPC response."""

    result: Any = None
    error: Any = None
    status: int = 200
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass
class Stream:
    """Events, and how they end: closed well, cut off, or never."""

    results: Sequence[Any] = ()
    raw: bytes = b""
    then: str = "close"


@dataclass
class Silence:
    """Nothing, for as long as the client waits."""


Step: TypeAlias = Whole | Stream | Silence


class Misbehaving:
    """The agent. `seen` are the JSON-RPC requests with their headers."""

    def __init__(self, *steps: Step, card: dict[str, Any] | None = None) -> None:
        self._steps = list(steps)
        self._card = card
        self.seen: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []

    @property
    def methods(self) -> list[str]:
        """What was called."""
        return [asked["method"] for asked in self.seen]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        if scope["path"] == CARD:
            url = f"http://{headers['host']}/rpc"
            await respond(send, 200, self._card or make_card(url))
            return
        self.headers.append(headers)
        self.seen.append(json.loads((await _body(receive)) or b"{}"))
        await self._do(self._steps.pop(0), receive, send)

    async def _do(self, step: Step, receive: Receive, send: Send) -> None:
        match step:
            case Silence():
                await _until_left(receive)
            case Whole(result=result, error=error, raw=raw):
                fields = {"error": error} if error is not None else {"result": result}
                body = {"jsonrpc": "2.0", "id": 1, **fields} if raw is None else raw
                await respond(send, step.status, body, step.headers)
            case Stream(results=results, raw=raw, then=then):
                kind = [(b"content-type", b"text/event-stream; charset=utf-8")]
                await send({"type": "http.response.start", "status": 200, "headers": kind})
                body = b"".join(event(result) for result in results) + raw
                await send({"type": "http.response.body", "body": body, "more_body": True})
                if then == "never":
                    await _until_left(receive)
                elif then == "cut":
                    raise ConnectionError("cut off")
                await send({"type": "http.response.body", "body": b""})


def event(result: Any) -> bytes:
    """A JSON-RPC response as a server-sent event."""
    return b"data: %b\n\n" % json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode()


def make_card(url: str, *, streaming: bool = True) -> dict[str, Any]:
    """A card of 1.0 over JSON-RPC."""
    return {
        "name": "double",
        "description": "Misbehaves.",
        "version": "1",
        "supportedInterfaces": [
            {"url": url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
        ],
        "capabilities": {"streaming": streaming},
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "skills": [{"id": "x", "name": "x", "description": "x", "tags": ["x"]}],
    }


def task(state: str, text: str | None = None, *, said: str | None = None) -> dict[str, Any]:
    """A `StreamResponse` with a task, `text` being its answer so far."""
    fields: dict[str, Any] = {"id": "t-1", "contextId": "c-1", "status": _status(state, said)}
    if text is not None:
        fields["artifacts"] = [{"artifactId": "answer", "parts": [{"text": text}]}]
    return {"task": fields}


def status(state: str, said: str | None = None) -> dict[str, Any]:
    """A `StreamResponse` with a change of state."""
    return {"statusUpdate": {"taskId": "t-1", "contextId": "c-1", "status": _status(state, said)}}


def words(text: str, *, append: bool = True) -> dict[str, Any]:
    """A `StreamResponse` with a piece of the answer."""
    artifact = {"artifactId": "answer", "parts": [{"text": text}]}
    return {
        "artifactUpdate": {
            "taskId": "t-1",
            "contextId": "c-1",
            "artifact": artifact,
            "append": append,
        }
    }


def _status(state: str, said: str | None) -> dict[str, Any]:
    fields: dict[str, Any] = {"state": f"TASK_STATE_{state}"}
    if said is not None:
        message = {"messageId": "m", "role": "ROLE_AGENT", "parts": [{"text": said}]}
        fields["message"] = message
    return fields


async def _body(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


async def _until_left(receive: Receive) -> None:
    async with asyncio.timeout(20):
        while (await receive())["type"] != "http.disconnect":
            pass


@asynccontextmanager
async def misbehaving(
    *steps: Step, card: dict[str, Any] | None = None, options: RemoteA2AOptions = OPTIONS
) -> AsyncGenerator[tuple[RemoteA2AAgent, Misbehaving]]:
    """The agent as a target, and itself."""
    double = Misbehaving(*steps, card=card)
    async with live_server(double) as url, RemoteA2AAgent(url, options) as agent:
        yield agent, double


__all__ = [
    "OPTIONS",
    "Misbehaving",
    "Silence",
    "Step",
    "Stream",
    "Whole",
    "event",
    "make_card",
    "misbehaving",
    "status",
    "task",
    "words",
]
