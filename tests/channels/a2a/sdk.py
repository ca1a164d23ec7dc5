"""The official client (a2a-sdk), unmodified, in every binding and version it speaks with us."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import uuid4

import httpx
from a2a.client import A2ACardResolver, Client, ClientConfig, ClientFactory
from a2a.types.a2a_pb2 import (
    Artifact,
    Message,
    Part,
    Role,
    SendMessageConfiguration,
    SendMessageRequest,
    StreamResponse,
    Task,
)

from agent_host_a2a import A2AConfig
from tests.channels.a2a.hosting import hosted

JSON_RPC: Final = "JSONRPC"
HTTP_JSON: Final = "HTTP+JSON"
OLD: Final = "JSONRPC 0.3"
BINDINGS: Final = (JSON_RPC, HTTP_JSON)
OLD_HTTP: Final = "HTTP+JSON 0.3"
WHOLE: Final = (*BINDINGS, OLD)
"""Those in which the client offers all of its operations, and a file's bytes are what they are: its
0.3 over HTTP+JSON encodes them twice.
"""

ALL: Final = (*BINDINGS, OLD, OLD_HTTP)


@asynccontextmanager
async def sdk_client(
    target: object,
    binding: str,
    *,
    config: A2AConfig | None = None,
    streaming: bool = True,
    **options: Any,
) -> AsyncGenerator[Client]:
    """A client that found us by our card."""
    async with hosted(target, config=config, **options) as http:
        yield await connected(http, binding, streaming=streaming)


async def connected(http: httpx.AsyncClient, binding: str, *, streaming: bool = True) -> Client:
    """A client over `http`, by the card that is served for its version."""
    transport, _, version = binding.partition(" ")
    version = version or "1.0"
    resolver = A2ACardResolver(http, str(http.base_url))
    card = await resolver.get_agent_card(http_kwargs={"headers": {"a2a-version": version}})
    settings = ClientConfig(
        streaming=streaming,
        httpx_client=http,
        supported_protocol_bindings=[transport],
        use_client_preference=True,
    )
    return ClientFactory(settings).create(card)


def request(
    text: str | None = None,
    *,
    parts: tuple[Part, ...] = (),
    configuration: SendMessageConfiguration | None = None,
    **members: Any,
) -> SendMessageRequest:
    """A message to be sent."""
    sent = parts or (Part(text=text or ""),)
    said = Message(message_id=str(uuid4()), role=Role.ROLE_USER, parts=sent, **members)
    return SendMessageRequest(message=said, configuration=configuration)


async def told(client: Client, asked: SendMessageRequest) -> list[StreamResponse]:
    """Everything that comes back."""
    return [response async for response in client.send_message(asked)]


async def task_of(client: Client, asked: SendMessageRequest) -> Task:
    """The only thing that comes back: a task."""
    (response,) = await told(client, asked)
    assert response.HasField("task")
    return response.task


def folded(responses: list[StreamResponse]) -> dict[str, str]:
    """The text of each artifact, as a client puts its pieces together."""
    texts: dict[str, str] = {}
    for response in responses:
        if response.HasField("artifact_update"):
            update = response.artifact_update
            before = texts.get(update.artifact.artifact_id, "") if update.append else ""
            texts[update.artifact.artifact_id] = before + text_of(update.artifact)
    return texts


def text_of(said: Artifact | Message) -> str:
    """Its text parts."""
    return "".join(part.text for part in said.parts)


__all__ = [
    "ALL",
    "BINDINGS",
    "HTTP_JSON",
    "JSON_RPC",
    "OLD",
    "OLD_HTTP",
    "WHOLE",
    "connected",
    "folded",
    "request",
    "sdk_client",
    "task_of",
    "text_of",
    "told",
]
