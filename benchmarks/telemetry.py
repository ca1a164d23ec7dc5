"""Telemetry: what a run costs the host in CPU without it, with events, and with spans and metrics.

In one process and past HTTP, the variants in turn, so that nothing else differs. Spans go through
a batch to nowhere: what a collector costs is not the host's.
"""

import asyncio
import time
from collections.abc import Sequence
from statistics import median
from typing import Final

from agent_host import AgentHost
from agent_host.asgi.server import rare_collections
from agent_host.context import current_principal
from agent_host.observability.provider import Telemetry
from agent_host.types import Caller, ChannelRequest, Message, Principal
from agent_host.types.lifecycle import RunLifecycle
from agent_host.types.session import SessionMode
from benchmarks.core import SERVER_CORE, pinned
from benchmarks.outcome import Outcome

ROUNDS: Final = 9
RUNS: Final = 2_000
_REQUEST: Final = ChannelRequest(caller=Caller(channel="bench"), input=(Message.user("hello"),))


class Nowhere:
    """A sink that forgets."""

    name = "nowhere"

    async def send(self, events: Sequence[RunLifecycle]) -> None:
        """Forget them."""


async def _echo(text: str) -> str:
    return text


def _telemetry() -> Telemetry:
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - only where it is measured
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import (  # noqa: PLC0415
        BatchSpanProcessor,
        SpanExporter,
        SpanExportResult,
    )

    class Forgetting(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            del spans
            return SpanExportResult.SUCCESS

    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(BatchSpanProcessor(Forgetting()))
    return Telemetry(
        tracer_provider=tracers,
        meter_provider=MeterProvider(shutdown_on_exit=False),
        closing=tracers.shutdown,
    )


def run() -> Outcome:
    """Measure each in turn; the ratio is a run without telemetry to one with all of it."""
    with pinned(SERVER_CORE):
        found = asyncio.run(_measure())
    silent, whole = found["off"], found["spans_and_metrics"]
    return Outcome(
        name="telemetry",
        ours=silent,
        bare=whole,
        ratio=silent / whole,
        unit="us of CPU a run, off and on",
        details={name: round(value, 1) for name, value in found.items()},
    )


async def _measure() -> dict[str, float]:
    current_principal.set(Principal(id="bench", kind="token"))
    hosts = {
        "off": AgentHost(_echo, session_mode=SessionMode.DISABLED),
        "events": AgentHost(_echo, session_mode=SessionMode.DISABLED, event_sinks=[Nowhere()]),
        "spans_and_metrics": AgentHost(
            _echo, session_mode=SessionMode.DISABLED, telemetry=_telemetry()
        ),
    }
    taken: dict[str, list[float]] = {name: [] for name in hosts}
    for host in hosts.values():
        await host.__aenter__()
    with rare_collections():
        for _ in range(ROUNDS):
            for name, host in hosts.items():
                taken[name].append(await _cost(host))
    for host in hosts.values():
        await host.__aexit__(None, None, None)
    return {name: median(costs[1:]) for name, costs in taken.items()}


async def _cost(host: AgentHost) -> float:
    began = time.process_time()
    for _ in range(RUNS):
        await host.context.run(_REQUEST)
    return (time.process_time() - began) / RUNS * 1e6


__all__ = ["Nowhere", "run"]
