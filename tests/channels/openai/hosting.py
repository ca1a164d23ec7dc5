"""A host with the OpenAI channel on a real server, and OpenAI's own client."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

import httpx
import httpx2
from openai import AsyncOpenAI
from starlette.requests import HTTPConnection

from agent_host import AgentHost
from agent_host.errors import InvalidProofError, UnauthenticatedError
from agent_host.protocols.channel import Channel
from agent_host.testing.live_server import live_server
from agent_host.types import Principal
from agent_host_openai import OpenAIChannel, OpenAIConfig
from tests.channels.openai.strict import StrictApp

BAD_KEY: Final = "nobody"


class KeyAuthenticator:
    """Believes that whoever has a key is who it says."""

    admits_anyone = False
    challenge = "Bearer"

    async def authenticate(self, connection: HTTPConnection) -> Principal:
        scheme, _, key = connection.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not key:
            raise UnauthenticatedError("Say who you are.")
        if key == BAD_KEY:
            raise InvalidProofError("This key is not known.")
        return Principal(id=key, kind="api_key")


class Hosted(NamedTuple):
    """The server and a client that speaks as alice; `speaking_as` for others."""

    url: str
    openai: AsyncOpenAI
    http: httpx.AsyncClient
    host: AgentHost

    def speaking_as(self, key: str) -> AsyncOpenAI:
        return self.openai.with_options(api_key=key)


@asynccontextmanager
async def hosted(
    target: object,
    *,
    config: OpenAIConfig | None = None,
    more_channels: Sequence[Channel] = (),
    **options: Any,
) -> AsyncGenerator[Hosted]:
    """A host that serves `target`. Every JSON body and every event that it sends is held against
    the client's models.
    """
    options.setdefault("authenticator", KeyAuthenticator())
    host = AgentHost(target, channels=[OpenAIChannel(config), *more_channels], **options)
    headers = {"authorization": "Bearer alice"}
    app = StrictApp(host.app)
    async with (
        live_server(app) as url,
        httpx.AsyncClient(base_url=url, headers=headers, timeout=20) as http,
        httpx2.AsyncClient(event_hooks={"response": [check_response]}, timeout=20) as checking,
        AsyncOpenAI(
            base_url=f"{url}/v1", api_key="alice", max_retries=0, http_client=checking
        ) as client,
    ):
        yield Hosted(url, client, http, host)
    assert app.problems == [], app.problems


async def check_response(response: httpx2.Response) -> None:
    """An error says whether trying again makes sense."""
    if not response.is_success:
        assert response.headers["x-should-retry"] in {"true", "false"}


class SentEvent(NamedTuple):
    """One server-sent event of a response."""

    type: str
    data: dict[str, Any]


def sent_events(text: str) -> list[SentEvent]:
    """The events of a whole stream, heartbeats left out."""
    events: list[SentEvent] = []
    for block in text.split("\n\n"):
        if not block.strip() or block.startswith(":"):
            continue
        lines = dict(line.split(": ", 1) for line in block.strip().split("\n"))
        data = json.loads(lines["data"])
        assert data["type"] == lines["event"]
        events.append(SentEvent(lines["event"], data))
    return events


def numbers(events: Sequence[SentEvent]) -> list[int]:
    """Their sequence numbers."""
    return [event.data["sequence_number"] for event in events]


async def streamed(http: httpx.AsyncClient, **body: object) -> list[SentEvent]:
    """The events of a new response, as they stand on the wire."""
    response = await http.post("/v1/responses", json={"stream": True, **body})
    assert response.is_success, response.text
    assert "[DONE]" not in response.text
    return sent_events(response.text)
