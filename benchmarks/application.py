"""The applications that are measured: ours by AgentHost, and bare Starlette ones that answer alike.

A bare one is given what ours answered, so that both put the same bytes on the wire.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Final, TypeAlias

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agent_host.app import AgentHost
from agent_host.authentication.api_key_file import ApiKeyFile
from agent_host.authentication.api_key_verifier import ApiKeyVerifier
from agent_host.authentication.bearer import BearerAuthenticator
from agent_host.errors import UnauthenticatedError
from agent_host.stores.disk import DiskStateStore
from agent_host.types import Principal
from agent_host_rest import RestChannel

App: TypeAlias = Starlette
PATH: Final = "/invocations"
DELTAS: Final = tuple(f"word {number:02d} of the answer, " for number in range(20))
PERSON_HEADER: Final = "x-person"
_STREAM_HEADERS: Final = {"cache-control": "no-cache", "x-accel-buffering": "no"}


async def echo(text: str) -> str:
    """The target of `rest_echo`."""
    return text


async def speak(_: str) -> AsyncIterator[str]:
    """The target of `rest_stream`."""
    for delta in DELTAS:
        yield delta


async def wait(_: str) -> AsyncIterator[str]:
    """A target that says one word and then nothing for ever."""
    yield "waiting"
    await asyncio.Event().wait()


class HeaderAuthenticator:
    """Takes a header's word for who is calling. For measurements only."""

    @property
    def admits_anyone(self) -> bool:
        """Nobody who does not say who they are."""
        return False

    @property
    def challenge(self) -> str:
        """Not a scheme that anyone knows."""
        return "Person"

    async def authenticate(self, connection: HTTPConnection) -> Principal:
        """The person in the header."""
        person = connection.headers.get(PERSON_HEADER)
        if person is None:
            message = "Say who you are."
            raise UnauthenticatedError(message)
        return Principal(id=person, kind="token")


def echo_host() -> App:
    """Ours for `rest_echo`: everything on, everything by default."""
    return AgentHost(echo, channels=[RestChannel()]).app


def echo_host_on_disk(folder: str) -> App:
    """Ours for `rest_echo_disk_auth`: state on disk, and callers who prove who they are."""
    file = ApiKeyFile(Path(folder, "keys.json"))
    return AgentHost(
        echo,
        channels=[RestChannel()],
        store=DiskStateStore(Path(folder, "state")),
        authenticator=BearerAuthenticator([ApiKeyVerifier(file)]),
    ).app


def echo_host_for_people() -> AgentHost:
    """Ours with callers told apart by a header, to be driven in process."""
    return AgentHost(echo, channels=[RestChannel()], authenticator=HeaderAuthenticator())


def speak_host() -> App:
    """Ours for `rest_stream`."""
    return AgentHost(speak, channels=[RestChannel()]).app


def wait_host() -> App:
    """Ours for idle streams."""
    return AgentHost(wait, channels=[RestChannel()]).app


def echo_bare(sample: str) -> App:
    """A JSON-echo route that answers what ours answered."""
    answer = json.loads(Path(sample).read_bytes())

    async def invoke(request: Request) -> Response:
        data = await request.json()
        return JSONResponse({**answer, "output_text": data["input"]})

    return _bare(invoke)


def speak_bare(sample: str) -> App:
    """A route that streams the chunks that ours streamed."""
    chunks = _chunks(sample)

    async def frames() -> AsyncGenerator[bytes]:
        for chunk in chunks:
            yield chunk

    async def invoke(request: Request) -> Response:
        await request.json()
        return StreamingResponse(frames(), media_type="text/event-stream", headers=_STREAM_HEADERS)

    return _bare(invoke)


def wait_bare(sample: str) -> App:
    """A route that streams what ours streamed first, and then nothing for ever."""
    chunks = _chunks(sample)

    async def frames() -> AsyncGenerator[bytes]:
        for chunk in chunks:
            yield chunk
        await asyncio.Event().wait()

    async def invoke(request: Request) -> Response:
        await request.json()
        return StreamingResponse(frames(), media_type="text/event-stream", headers=_STREAM_HEADERS)

    return _bare(invoke)


def _bare(invoke: object) -> App:
    assert callable(invoke)
    return Starlette(routes=[Route(PATH, invoke, methods=["POST"])])


def _chunks(sample: str) -> list[bytes]:
    chunks: list[str] = json.loads(Path(sample).read_bytes())
    return [chunk.encode() for chunk in chunks]


__all__ = [
    "DELTAS",
    "PATH",
    "PERSON_HEADER",
    "App",
    "HeaderAuthenticator",
    "echo_bare",
    "echo_host",
    "echo_host_for_people",
    "echo_host_on_disk",
    "speak_bare",
    "speak_host",
    "wait_bare",
    "wait_host",
]
