"""Targets that do what telemetry looks at."""

import asyncio
from collections.abc import AsyncIterator

from agent_host.errors import TargetError
from agent_host.types import (
    RunEvent,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    ToolCallFinished,
    ToolCallStarted,
    Turn,
    Usage,
    UsageReported,
)


class ToolUser:
    """Calls two tools, one of which fails; spends tokens; and answers."""

    description = TargetDescription(name="helper")
    capabilities = TargetCapabilities(streams=True)

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        yield ToolCallStarted(call_id="c1", name="search", arguments={"query": turn.text})
        yield ToolCallFinished(call_id="c1", name="search", result=turn.text)
        yield ToolCallStarted(call_id="c2", name="order")
        yield ToolCallFinished(call_id="c2", name="order", result=turn.text, is_error=True)
        yield UsageReported(usage=Usage(input_tokens=30, output_tokens=4, reasoning_tokens=2))
        yield UsageReported(usage=Usage(input_tokens=10, output_tokens=1))
        yield TextDelta(text=turn.text)


class Gated:
    """Says that it began, and waits to be let go."""

    description = TargetDescription(name="gated")
    capabilities = TargetCapabilities(streams=True)

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.may_end = asyncio.Event()

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        self.began.set()
        await self.may_end.wait()
        yield TextDelta(text=turn.text)


async def busy(text: str) -> str:
    """Fails as a model that has too much to do."""
    raise TargetError("busy", code="rate_limit", retryable=True)


async def echo(text: str) -> str:
    """Answers."""
    return text
