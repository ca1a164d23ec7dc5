"""A host on a real server that can link, and people who speak to it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
from starlette.requests import HTTPConnection

from agent_host import AgentHost
from agent_host.errors import UnauthenticatedError
from agent_host.linking.code_linker import CodeLinker
from agent_host.linking.option import LinkOptions
from agent_host.testing.live_server import live_server
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import Principal, Turn
from agent_host_rest import RestChannel

HEADER = "x-test-caller"


class CallerAuthenticator:
    """Believes a header: `name`, `name@tenant`, or `token:ISSUER:subject`."""

    admits_anyone = False
    challenge = "Test"

    async def authenticate(self, connection: HTTPConnection) -> Principal:
        said = connection.headers.get(HEADER)
        if not said:
            raise UnauthenticatedError("Say who you are.")
        if said.startswith("token:"):
            return Principal(id=said.removeprefix("token:"), kind="token")
        name, _, tenant = said.partition("@")
        return Principal(id=name, kind="api_key", tenant=tenant or "default")


async def recall(turn: Turn) -> str:
    """Says what it was told before, and what it is told now."""
    history = () if turn.history is None else turn.history.messages
    said = [message.text for message in history if message.role == "user"]
    return " | ".join((*said, turn.text))


class Linking(NamedTuple):
    """What a test has in its hands."""

    host: AgentHost
    clock: ManualClock
    url: str
    http: httpx.AsyncClient

    def speaker(self, name: str) -> "Speaker":
        """Somebody, as the authenticator knows them."""
        return Speaker(self.http, name)


class Speaker:
    """One caller."""

    def __init__(self, http: httpx.AsyncClient, name: str) -> None:
        self.http = http
        self.headers = {HEADER: name}

    async def says(self, text: str) -> str:
        """What the agent answers in this person's session."""
        body = {"input": text, "session_id": "main"}
        response = await self.http.post("/invocations", json=body, headers=self.headers)
        assert response.status_code == 200, response.text
        answer: str = response.json()["output_text"]
        return answer

    async def post(self, path: str, **body: str) -> httpx.Response:
        """One step of a link."""
        return await self.http.post(f"/links{path}", json=body, headers=self.headers)

    async def begins(self, linker: str | None = None) -> dict[str, Any]:
        """A code or an address."""
        response = await self.post("", **({} if linker is None else {"linker": linker}))
        assert response.status_code == 201, response.text
        offer: dict[str, Any] = response.json()
        return offer

    async def claims(self, code: str) -> dict[str, Any]:
        """Who offers the link, and the number."""
        response = await self.post("/claim", code=code)
        assert response.status_code == 200, response.text
        asked: dict[str, Any] = response.json()
        return asked

    async def confirms(self, number: str) -> httpx.Response:
        """The last step."""
        return await self.post("/confirm", number=number)

    async def pending(self) -> dict[str, Any] | None:
        """What waits for this one."""
        response = await self.http.get("/links", headers=self.headers)
        assert response.status_code == 200, response.text
        found: dict[str, Any] | None = response.json()["pending"]
        return found

    async def unlinks(self) -> httpx.Response:
        """Leave."""
        return await self.http.delete("/links", headers=self.headers)


@asynccontextmanager
async def linking(
    options: LinkOptions | None = None, *, clock: ManualClock | None = None, **host: Any
) -> AsyncGenerator[Linking]:
    """A host with the linker of codes, or with these."""
    clock = clock or ManualClock()
    made = AgentHost(
        recall,
        channels=[RestChannel()],
        authenticator=CallerAuthenticator(),
        linking=options or LinkOptions(linkers=[CodeLinker()]),
        clock=clock,
        **host,
    )
    async with (
        live_server(made.app) as url,
        httpx.AsyncClient(base_url=url, timeout=20) as http,
    ):
        yield Linking(made, clock, url, http)


async def link_by_code(one: Speaker, other: Speaker) -> None:
    """All the steps."""
    offer = await one.begins()
    asked = await other.claims(offer["code"])
    assert (await one.confirms(asked["number"])).status_code == 200
