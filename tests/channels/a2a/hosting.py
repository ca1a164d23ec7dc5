"""A host with the A2A channel on a real server, and clients to speak to it."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import uuid4

import httpx

from agent_host import AgentHost
from agent_host.testing.live_server import live_server
from agent_host.testing.person import PersonAuthenticator, as_person
from agent_host_a2a import A2AChannel, A2AConfig

V1: Final = {"a2a-version": "1.0"}
COMPLETED: Final = "TASK_STATE_COMPLETED"
WORKING: Final = "TASK_STATE_WORKING"
INPUT_REQUIRED: Final = "TASK_STATE_INPUT_REQUIRED"


@asynccontextmanager
async def hosted(
    target: object, *, config: A2AConfig | None = None, **options: Any
) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of a host that serves `target`; it speaks as alice, in 1.0."""
    options.setdefault("authenticator", PersonAuthenticator())
    host = AgentHost(target, channels=[A2AChannel(config)], **options)
    headers = {**as_person("alice"), **V1}
    async with (
        live_server(host.app) as url,
        httpx.AsyncClient(base_url=url, headers=headers, timeout=20) as client,
    ):
        yield client


def message(text: str | None = None, **members: Any) -> dict[str, Any]:
    """A user's message, of text unless its `parts` are given."""
    parts = {} if text is None else {"parts": [{"text": text}]}
    return {"messageId": str(uuid4()), "role": "ROLE_USER", **parts, **members}


def rpc(method: str, params: Any = None, **members: Any) -> dict[str, Any]:
    """A JSON-RPC request."""
    envelope = {"jsonrpc": "2.0", "id": "r-1", "method": method, **members}
    return envelope if params is None else {**envelope, "params": params}


async def call(
    client: httpx.AsyncClient, method: str, params: Any = None, **headers: str
) -> dict[str, Any]:
    """The whole response of one JSON-RPC request."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = await client.post("/a2a", json=rpc(method, params), headers=named)
    answer: dict[str, Any] = response.json()
    assert answer["jsonrpc"] == "2.0"
    return answer


async def result(
    client: httpx.AsyncClient, method: str, params: Any = None, **headers: str
) -> dict[str, Any]:
    """What a request that succeeds is answered with."""
    answer = await call(client, method, params, **headers)
    assert "error" not in answer, answer
    found: dict[str, Any] = answer["result"]
    return found


async def error(
    client: httpx.AsyncClient, method: str, params: Any = None, **headers: str
) -> dict[str, Any]:
    """What a request that is refused is answered with."""
    answer = await call(client, method, params, **headers)
    assert "result" not in answer, answer
    found: dict[str, Any] = answer["error"]
    return found


async def send(client: httpx.AsyncClient, text: str, **members: Any) -> dict[str, Any]:
    """The task that a message comes to; `configuration` goes beside the message."""
    params = {"message": message(text, **members)}
    if "configuration" in members:
        params["configuration"] = params["message"].pop("configuration")
    task: dict[str, Any] = (await result(client, "SendMessage", params))["task"]
    return task


async def events(
    client: httpx.AsyncClient, method: str, params: Any, **headers: str
) -> list[dict[str, Any]]:
    """The results of a whole stream over JSON-RPC."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = await client.post("/a2a", json=rpc(method, params), headers=named)
    assert response.headers["content-type"].startswith("text/event-stream"), response.text
    return [frame["result"] for frame in frames(response.text)]


def frames(text: str) -> list[dict[str, Any]]:
    """The data of a whole event stream."""
    lines = (line for line in text.split("\n") if line.startswith("data: "))
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def said(task: Mapping[str, Any]) -> str:
    """The text of a task's answer."""
    answers = [one for one in task.get("artifacts", ()) if one["artifactId"] == "answer"]
    return "".join(part.get("text", "") for one in answers for part in one["parts"])


__all__ = [
    "COMPLETED",
    "INPUT_REQUIRED",
    "V1",
    "WORKING",
    "call",
    "error",
    "events",
    "frames",
    "hosted",
    "message",
    "result",
    "rpc",
    "said",
    "send",
]
