"""A host with the REST channel on a real server, and clients to speak to it."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
from starlette.requests import HTTPConnection

from agent_host import AgentHost
from agent_host.errors import UnauthenticatedError
from agent_host.testing.live_server import live_server
from agent_host.types import Principal
from agent_host_rest import RestChannel, RestConfig

CALLER = "x-test-caller"


class HeaderAuthenticator:
    """Believes a header. Without one, or with an empty one, nobody is known."""

    admits_anyone = False
    challenge = "Test"

    async def authenticate(self, connection: HTTPConnection) -> Principal:
        name = connection.headers.get(CALLER)
        if not name:
            message = "Say who you are."
            raise UnauthenticatedError(message)
        return Principal(id=name, kind="token")


class SentEvent(NamedTuple):
    """One server-sent event."""

    id: str
    type: str
    data: dict[str, Any]


@asynccontextmanager
async def hosted(
    target: object,
    *,
    config: RestConfig | None = None,
    **options: Any,
) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of a host that serves `target`; it speaks as alice."""
    host = AgentHost(
        target,
        channels=[RestChannel(config)],
        authenticator=HeaderAuthenticator(),
        **options,
    )
    async with (
        live_server(host.app) as url,
        httpx.AsyncClient(base_url=url, headers={CALLER: "alice"}, timeout=20) as client,
    ):
        yield client


def speaking_as(name: str) -> dict[str, str]:
    """Headers of somebody else."""
    return {CALLER: name}


def sent_events(text: str) -> list[SentEvent]:
    """The events of a whole stream, heartbeats left out."""
    return [
        read_event(block)
        for block in text.split("\n\n")
        if block.strip() and not block.startswith(":")
    ]


def read_event(block: str) -> SentEvent:
    """One event from its lines."""
    lines = dict(line.split(": ", 1) for line in block.strip().split("\n"))
    return SentEvent(lines.get("id", ""), lines["event"], json.loads(lines["data"]))


async def follow(response: httpx.Response) -> AsyncGenerator[SentEvent]:
    """The events of a stream as they come."""
    block: list[str] = []
    async for line in response.aiter_lines():
        if line and not line.startswith(":"):
            block.append(line)
        elif block:
            yield read_event("\n".join(block))
            block = []


async def only_run(client: httpx.AsyncClient) -> str:
    """The id of the caller's one run, once it can be seen: a short run is stored when it ends."""
    while not (runs := (await client.get("/invocations")).json()["items"]):
        pass
    (run,) = runs
    run_id: str = run["id"]
    return run_id
