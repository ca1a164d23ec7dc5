"""A watched target behaves as it would unwatched, whatever kind of target it is."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest
from opentelemetry.trace import StatusCode

from agent_host.observability.instrument import Instruments
from agent_host.observability.observed_target import ObservedTarget
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import (
    Answer,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunFailure,
    RunResult,
    RunStatus,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    ToolCallFinished,
    ToolCallStarted,
    Turn,
    Usage,
    UsageReported,
)
from tests.adapters.driving import make_turn
from tests.host.harness import hosted, request
from tests.telemetry.recording import Recording, attributes_of


class Given:
    """Runs what it is given."""

    description = TargetDescription(name="given")
    capabilities = TargetCapabilities(streams=True)

    def __init__(self, iterator: Any) -> None:
        self._iterator = iterator

    def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        iterator: AsyncIterator[RunEvent] = self._iterator
        return iterator


class Plain:
    """An iterator that is no generator."""

    def __init__(self, *events: RunEvent) -> None:
        self._events = list(events)

    def __aiter__(self) -> "Plain":
        return self

    async def __anext__(self) -> RunEvent:
        if not self._events:
            raise StopAsyncIteration
        return self._events.pop(0)


async def run(iterator: Any) -> tuple[Recording, Any]:
    recording = Recording()
    async with hosted(Given(iterator), telemetry=recording.telemetry) as context:
        return recording, await context.run(request("x"))


async def test_an_iterator_need_be_no_generator() -> None:
    recording, outcome = await run(Plain(TextDelta(text="hi")))
    assert outcome.result.text == "hi"
    assert recording.one("invoke_agent given").status.status_code is StatusCode.UNSET


async def test_what_is_no_iterator_is_refused_as_ever() -> None:
    recording, outcome = await run(["no iterator"])
    assert outcome.run.failure.code == "target_protocol"
    assert recording.named("invoke_agent") == []
    assert attributes_of(recording.one("run"))["error.type"] == "target_error"


async def test_a_failure_that_is_yielded_is_one() -> None:
    failure = RunFailure(code="tool_error", message="no")
    recording, outcome = await run(Plain(RunFailed(failure=failure)))
    assert outcome.run.status is RunStatus.FAILED
    assert attributes_of(recording.one("invoke_agent"))["error.type"] == "tool_error"


async def test_a_total_stands_for_what_was_reported_before() -> None:
    total = Usage(input_tokens=7, output_tokens=2, cached_input_tokens=5)
    recording, _ = await run(
        Plain(
            UsageReported(usage=Usage(input_tokens=3)),
            RunCompleted(result=RunResult(usage=total)),
        )
    )
    attributes = attributes_of(recording.one("invoke_agent"))
    assert attributes["gen_ai.usage.input_tokens"] == 7
    assert attributes["gen_ai.usage.cache_read.input_tokens"] == 5


async def test_tools_that_do_not_end_or_begin_twice_do_no_harm() -> None:
    recording, outcome = await run(
        Plain(
            ToolCallStarted(call_id="1", name="search"),
            ToolCallStarted(call_id="1", name="search"),
            ToolCallFinished(call_id="never begun", name="search"),
            *(ToolCallStarted(call_id=f"more-{number}", name="more") for number in range(300)),
        )
    )
    assert outcome.run.status is RunStatus.COMPLETED
    assert len(recording.named("execute_tool")) == 256
    assert recording.points("gen_ai.execute_tool.duration") == []


async def test_a_generator_cleans_up_within_its_span() -> None:
    states: list[str] = []

    async def agent() -> AsyncGenerator[RunEvent, Answer | None]:
        try:
            yield RunCompleted()
            yield TextDelta(text="too late")
        finally:
            states.append("cleaned up")

    recording, outcome = await run(agent())
    assert outcome.run.failure.code == "target_protocol"
    assert states == ["cleaned up"]
    assert recording.one("invoke_agent").end_time is not None


async def test_what_is_thrown_in_reaches_the_target() -> None:
    async def agent() -> AsyncGenerator[RunEvent, Answer | None]:
        try:
            yield TextDelta(text="one")
        except LookupError:
            yield TextDelta(text="caught")

    recording = Recording()
    to = recording.telemetry
    instruments = Instruments(to.tracer_provider, to.meter_provider)

    def stream_of(iterator: Any) -> Any:
        return ObservedTarget(Given(iterator), instruments, ManualClock()).run(make_turn("x"))

    stream = stream_of(agent())
    assert await anext(stream) == TextDelta(text="one")
    assert await stream.athrow(LookupError()) == TextDelta(text="caught")
    with pytest.raises(ValueError, match="out again"):
        await stream.athrow(ValueError("out again"))
    with pytest.raises(KeyError):
        await stream_of(Plain()).athrow(KeyError())
    assert [attributes_of(span)["error.type"] for span in recording.spans] == ["target_error"] * 2
