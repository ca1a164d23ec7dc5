"""A secret that a caller sends is in no log line, span, metric or event."""

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Iterator, Sequence

import httpx
import pytest

from agent_host import AgentHost
from agent_host.cli.log import configure_logging
from agent_host.errors import TargetError
from agent_host.observability.event_json import to_json
from agent_host.types import (
    RunEvent,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    ToolCallFinished,
    ToolCallStarted,
    Turn,
)
from agent_host.types.lifecycle import RunLifecycle
from agent_host_rest import RestChannel
from tests.telemetry.recording import Recording

SECRET = "hunter2-is-my-password"


class Careless:
    """Puts what it is told wherever it can."""

    description = TargetDescription(name="careless")
    capabilities = TargetCapabilities(streams=True)

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        yield ToolCallStarted(
            call_id=f"id {turn.text}", name=f"say {turn.text}", arguments=turn.text
        )
        yield ToolCallFinished(call_id=f"id {turn.text}", name=f"say {turn.text}", is_error=True)
        yield TextDelta(text=turn.text)
        if turn.metadata.get("fail") == "own":
            raise TargetError(turn.text, code=f"I failed at {turn.text}")
        if turn.metadata.get("fail") == "other":
            raise RuntimeError


class Kept:
    name = "kept"

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def send(self, events: Sequence[RunLifecycle]) -> None:
        self.lines += [to_json(event) for event in events]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure_logging(level="debug", format="json", stream=stream)
    yield stream
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


async def test_a_secret_stays_where_it_belongs(log: io.StringIO) -> None:
    recording, sink = Recording(), Kept()
    host = AgentHost(
        Careless(), channels=[RestChannel()], telemetry=recording.telemetry, event_sinks=[sink]
    )
    transport = httpx.ASGITransport(host.app)
    headers = {"authorization": f"Bearer {SECRET}", "baggage": f"it={SECRET}"}
    async with host, httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for metadata in ({}, {"fail": "own"}, {"fail": "other"}):
            for extra in ({}, {"stream": True}, {"background": True}):
                answer = await client.post(
                    f"/invocations?token={SECRET}",
                    json={"input": SECRET, "metadata": metadata, **extra},
                    headers=headers,
                )
                assert answer.status_code in (200, 202, 500)
        await client.post("/invocations", content=f"{{{SECRET}".encode(), headers=headers)
        await client.get(f"/invocations/{SECRET}")
        while recording.total("agent_host.run.finished") < 9:
            await asyncio.sleep(0)
    assert len(recording.named("run")) == 9
    assert log.getvalue().count("\n") >= 6, "the failures were logged"
    assert SECRET not in log.getvalue()
    assert SECRET not in recording.everything()
    assert len(sink.lines) >= 9
    assert SECRET not in "".join(sink.lines)
