"""A host on a real server, and a client that speaks to it: what every test here begins with."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from agent_host import AgentHost
from agent_host.testing.live_server import ServerName, live_server
from agent_host_rest import RestChannel


@asynccontextmanager
async def hosted(
    target: object, *, server: ServerName = "hypercorn", **options: Any
) -> AsyncGenerator[httpx.AsyncClient]:
    """Host the target on REST; the client's URLs are the server's."""
    host = AgentHost(target, channels=[RestChannel()], **options)
    async with (
        live_server(host.app, server=server) as url,
        httpx.AsyncClient(base_url=url, timeout=20) as client,
    ):
        yield client


def events_in(text: str) -> list[dict[str, Any]]:
    """The events of a stream that has ended."""
    prefix = "data: "
    return [
        json.loads(line.removeprefix(prefix))
        for line in text.splitlines()
        if line.startswith(prefix)
    ]
