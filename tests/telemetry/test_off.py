"""A host without telemetry has none of it: no wrapper, no import, no number."""

import subprocess
import sys

import pytest

from agent_host import AgentHost
from agent_host.asgi.edge import Edge
from agent_host.errors import MissingExtraError
from agent_host.observability.provider import Telemetry
from agent_host.stores.memory import MemoryStateStore
from agent_host.system import SystemClock
from tests.host.harness import hosted, request
from tests.telemetry.recording import Recording
from tests.telemetry.target import echo

SCRIPT = """
import asyncio, sys
from agent_host import AgentHost
from agent_host.asgi.edge import Edge
from agent_host.context import current_principal
from agent_host.types import Caller, ChannelRequest, Message, Principal
from agent_host_rest import RestChannel

async def echo(text: str) -> str:
    return text

class Sink:
    name = "sink"
    async def send(self, events):
        pass

async def main() -> None:
    current_principal.set(Principal(id="a", kind="token"))
    host = AgentHost(echo, channels=[RestChannel()], event_sinks=[Sink()])
    async with host:
        asked = ChannelRequest(caller=Caller(channel="rest"), input=(Message.user("x"),))
        await host.context.run(asked)

asyncio.run(main())
print([name for name in sys.modules if name.startswith(("opentelemetry", "prometheus"))])
"""


def test_nothing_of_opentelemetry_is_imported_by_a_host_with_events_alone() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == ["[]"]


async def test_nothing_is_recorded_of_a_host_beside() -> None:
    recording = Recording()
    async with hosted(echo, telemetry=recording.telemetry), hosted(echo) as silent:
        await silent.run(request("x"))
    assert recording.spans == []
    assert list(recording.metrics()) == []


def test_nothing_stands_between_a_silent_host_and_its_parts() -> None:
    store = MemoryStateStore(clock=SystemClock())
    host = AgentHost(echo, store=store)
    assert host._store is store  # pyright: ignore[reportPrivateUsage]
    assert host._observation is None  # pyright: ignore[reportPrivateUsage]
    (only,) = host.app.user_middleware
    assert only.cls == Edge  # type: ignore[comparison-overlap]


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("agent_host.observability.w")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "agent_host.observability.watched_parts", None)
    with pytest.raises(MissingExtraError, match=r"agent-host-server\[otel\]"):
        AgentHost(echo, telemetry=Telemetry())
