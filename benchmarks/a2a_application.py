"""The applications of the A2A benchmarks: ours, and bare routes that answer the same bytes.

A bare one is given what ours answered, and puts in it what it was asked.
"""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agent_host.app import AgentHost
from agent_host_a2a import A2AChannel
from benchmarks.application import App, echo, speak

A2A_PATH: Final = "/a2a"
_STREAM_HEADERS: Final = {"cache-control": "no-cache", "x-accel-buffering": "no"}


def a2a_echo_host() -> App:
    """Ours for `a2a_send`: everything on, everything by default."""
    return AgentHost(echo, channels=[A2AChannel()]).app


def a2a_speak_host() -> App:
    """Ours for `a2a_stream`."""
    return AgentHost(speak, channels=[A2AChannel()]).app


def a2a_echo_bare(sample: str) -> App:
    """A JSON-RPC route that says what it was told."""
    answer: dict[str, Any] = json.loads(Path(sample).read_bytes())
    task = answer["result"]["task"]

    async def send(request: Request) -> Response:
        asked = await request.json()
        parts = [{"text": asked["params"]["message"]["parts"][0]["text"]}]
        said = {**task, "artifacts": [{"artifactId": "answer", "parts": parts}]}
        return JSONResponse({**answer, "id": asked["id"], "result": {"task": said}})

    return Starlette(routes=[Route(A2A_PATH, send, methods=["POST"])])


def a2a_speak_bare(sample: str) -> App:
    """A route that streams the events that ours streamed."""
    texts: list[str] = json.loads(Path(sample).read_bytes())
    chunks = [text.encode() for text in texts]

    async def frames() -> AsyncGenerator[bytes]:
        for chunk in chunks:
            yield chunk

    async def send(request: Request) -> Response:
        await request.json()
        return StreamingResponse(frames(), media_type="text/event-stream", headers=_STREAM_HEADERS)

    return Starlette(routes=[Route(A2A_PATH, send, methods=["POST"])])


__all__ = ["A2A_PATH", "a2a_echo_bare", "a2a_echo_host", "a2a_speak_bare", "a2a_speak_host"]
