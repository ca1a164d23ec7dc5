"""Hosts with an operator, and a client for each kind of person who may knock at admin routes."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.requests import HTTPConnection

from agent_host import AgentHost
from agent_host.errors import InvalidProofError, UnauthenticatedError
from agent_host.types import Principal
from agent_host_rest import RestChannel

SCOPES = {"caller": {"call"}, "admin": {"admin"}, "both": {"admin", "call"}, "neither": {"other"}}


class NamedAuthenticator:
    """Whoever says one of these words is somebody with these scopes."""

    admits_anyone = False
    challenge = "Bearer"

    async def authenticate(self, connection: HTTPConnection) -> Principal:
        said = connection.headers.get("authorization", "").removeprefix("Bearer ")
        if not said:
            raise UnauthenticatedError("Say who you are.")
        if said not in SCOPES:
            raise InvalidProofError("The credential is not valid.")
        return Principal(id=f"{said}-7", kind="token", scopes=frozenset(SCOPES[said]))


@asynccontextmanager
async def operated(
    target: object, *, as_one: str | None = "admin", **options: Any
) -> AsyncGenerator[tuple[AgentHost, httpx.AsyncClient]]:
    """A started host, and somebody's client; there is a REST channel."""
    options.setdefault("authenticator", NamedAuthenticator())
    host = AgentHost(target, channels=[RestChannel()], **options)
    async with host, client_of(host, as_one) as client:
        yield host, client


def client_of(host: AgentHost, name: str | None) -> httpx.AsyncClient:
    """One who says this name."""
    headers = {} if name is None else {"authorization": f"Bearer {name}"}
    transport = httpx.ASGITransport(host.app)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers)
