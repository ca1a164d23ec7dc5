"""A host with the OpenAI channel on a real server, OpenAI's own client, and a check of every body
against the client's own models.
"""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

import httpx
import httpx2
from openai import AsyncOpenAI
from openai.types import Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.conversations import Conversation, ConversationDeletedResource, Message
from openai.types.conversations.conversation_item_list import ConversationItemList
from openai.types.responses import Response, ResponseItemList, ResponseStreamEvent
from pydantic import TypeAdapter
from starlette.requests import HTTPConnection

from agent_host import AgentHost
from agent_host.errors import InvalidProofError, UnauthenticatedError
from agent_host.protocols.channel import Channel
from agent_host.testing.live_server import live_server
from agent_host.types import Principal
from agent_host_openai import OpenAIChannel, OpenAIConfig

BAD_KEY: Final = "nobody"

_EVENT: Final = TypeAdapter[Any](ResponseStreamEvent)
_MODELS: Final[dict[str, Any]] = {
    "response": Response,
    "conversation": Conversation,
    "conversation.deleted": ConversationDeletedResource,
    "chat.completion": ChatCompletion,
    "chat.completion.chunk": ChatCompletionChunk,
    "model": Model,
}


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
    """A host that serves `target`. Every JSON body that the client gets is checked."""
    options.setdefault("authenticator", KeyAuthenticator())
    host = AgentHost(target, channels=[OpenAIChannel(config), *more_channels], **options)
    headers = {"authorization": "Bearer alice"}
    async with (
        live_server(host.app) as url,
        httpx.AsyncClient(base_url=url, headers=headers, timeout=20) as http,
        httpx2.AsyncClient(event_hooks={"response": [check_response]}, timeout=20) as checking,
        AsyncOpenAI(
            base_url=f"{url}/v1", api_key="alice", max_retries=0, http_client=checking
        ) as client,
    ):
        yield Hosted(url, client, http, host)


async def check_response(response: httpx2.Response) -> None:
    """A JSON body is what the SDK's models say, strictly; an error has all four members."""
    if response.headers["content-type"] != "application/json":
        return
    await response.aread()
    body = response.json()
    if response.is_success:
        check_object(body)
    else:
        assert set(body["error"]) == {"message", "type", "param", "code"}
        assert response.headers["x-should-retry"] in {"true", "false"}


def check_object(body: dict[str, Any]) -> None:
    """Hold it against the model of its kind."""
    kind = body.get("object")
    raw = json.dumps(body)
    if body.get("deleted"):
        assert body["id"]
    elif kind == "list":
        for entry in body["data"]:
            if entry.get("object") == "model":
                check_object(entry)
        if "first_id" in body:
            ConversationItemList.model_validate_json(raw)
            ResponseItemList.model_validate_json(raw)
    elif isinstance(kind, str) and kind in _MODELS:
        _MODELS[kind].model_validate_json(raw, strict=True)
    elif body.get("type") == "message":
        Message.model_validate_json(raw, strict=True)
    else:
        assert "type" in body


class SentEvent(NamedTuple):
    """One server-sent event of a response."""

    type: str
    data: dict[str, Any]


def sent_events(text: str) -> list[SentEvent]:
    """The events of a whole stream, each one checked, heartbeats left out."""
    events: list[SentEvent] = []
    for block in text.split("\n\n"):
        if not block.strip() or block.startswith(":"):
            continue
        lines = dict(line.split(": ", 1) for line in block.strip().split("\n"))
        _EVENT.validate_json(lines["data"], strict=True)
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
