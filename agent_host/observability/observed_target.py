"""A target with its spans: `invoke_agent` around each turn, `execute_tool` around its tools' calls.

The span is current while the target works, and only then: what the engine does between two events
is not the target's. Neither events' content nor exceptions' texts are recorded.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Final

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from agent_host import telemetry
from agent_host.failure_taxonomy import classify, failure_class
from agent_host.observability.instrument import Instruments
from agent_host.observability.token_usage import TokenUsage
from agent_host.protocols.clock import Clock
from agent_host.protocols.target import Target
from agent_host.types.event import (
    RunCompleted,
    RunEvent,
    RunFailed,
    ToolCallFinished,
    ToolCallStarted,
    UsageReported,
)
from agent_host.types.question import Answer
from agent_host.types.target import TargetCapabilities, TargetDescription
from agent_host.types.turn import Turn

_OPEN_TOOLS_LIMIT: Final = 256


class ObservedTarget:
    """Passes turns and events on unchanged."""

    def __init__(self, target: Target, instruments: Instruments, clock: Clock) -> None:
        self._target = target
        self._instruments = instruments
        self._clock = clock
        self._tools = telemetry.BoundedWords()
        self._attributes = {
            telemetry.OPERATION_NAME: telemetry.INVOKE_AGENT,
            telemetry.AGENT_NAME: target.description.name,
        }

    @property
    def description(self) -> TargetDescription:
        """The target's own."""
        return self._target.description

    @property
    def capabilities(self) -> TargetCapabilities:
        """The target's own."""
        return self._target.capabilities

    def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        """The target's own events."""
        iterator = self._target.run(turn)
        if not hasattr(iterator, "__anext__"):
            return iterator  # it breaks the contract, and the engine says so
        attributes = {**self._attributes, telemetry.RUN_ID: turn.run_id}
        if turn.session_id is not None:
            attributes[telemetry.CONVERSATION_ID] = turn.session_id
        return _ObservedStream(
            iterator,
            span=self._instruments.tracer.start_span(
                f"{telemetry.INVOKE_AGENT} {telemetry.to_word(self.description.name)}",
                kind=SpanKind.INTERNAL,
                attributes=attributes,
            ),
            instruments=self._instruments,
            clock=self._clock,
            tools=self._tools,
            attributes=self._attributes,
        )


class _ObservedStream(AsyncGenerator[RunEvent, Answer | None]):
    """A generator also where the target's iterator is none; what is sent to that is lost, as it
    is without this.
    """

    def __init__(
        self,
        iterator: AsyncIterator[RunEvent],
        *,
        span: Span,
        instruments: Instruments,
        clock: Clock,
        tools: telemetry.BoundedWords,
        attributes: dict[str, str],
    ) -> None:
        self._iterator = iterator
        self._generator: AsyncGenerator[RunEvent, Answer | None] | None = (
            iterator if isinstance(iterator, AsyncGenerator) else None
        )
        self._span = span
        self._context = trace.set_span_in_context(span)
        self._instruments = instruments
        self._clock = clock
        self._tool_words = tools
        self._attributes = attributes
        self._began = clock.monotonic()
        self._is_first = True
        self._is_over = False
        self._failure: str | None = None
        self._open: dict[str, tuple[Span, float, str]] = {}
        self._usage = TokenUsage()

    async def __anext__(self) -> RunEvent:
        return await self.asend(None)

    async def asend(self, value: Answer | None, /) -> RunEvent:
        """The next event, the answer going in where there is one."""
        token = otel_context.attach(self._context)
        try:
            if value is not None and self._generator is not None:
                event = await self._generator.asend(value)
            else:
                event = await self._iterator.__anext__()
        except StopAsyncIteration:
            self._end()
            raise
        except BaseException as error:
            self._end(error)
            raise
        finally:
            otel_context.detach(token)
        self._note(event)
        return event

    async def athrow(
        self,
        typ: Any,  # noqa: ANN401 - typed by its overloads in the standard library
        val: Any = None,  # noqa: ANN401
        tb: Any = None,  # noqa: ANN401
        /,
    ) -> RunEvent:
        """Let the target's generator see an exception."""
        if self._generator is None:
            self._end(val if val is not None else typ)
            raise val if val is not None else typ
        try:
            return await self._generator.athrow(typ, val, tb)
        except BaseException as error:
            self._end(error)
            raise

    async def aclose(self) -> None:
        """Let the target clean up; its span ends behind that."""
        token = otel_context.attach(self._context)
        try:
            if self._generator is not None:
                await self._generator.aclose()
        finally:
            otel_context.detach(token)
            self._end()

    def _note(self, event: RunEvent) -> None:
        if self._is_first:
            self._is_first = False
            waited = self._clock.monotonic() - self._began
            self._instruments.first_event.record(waited, self._attributes)
        match event:
            case ToolCallStarted():
                self._start_tool(event)
            case ToolCallFinished():
                self._finish_tool(event)
            case UsageReported(usage=usage):
                self._usage.add(usage)
            case RunCompleted(result=result) if result.usage is not None:
                self._usage.replace(result.usage)
            case RunFailed(failure=failure):
                self._failure = failure_class(failure.code)
            case _:
                pass

    def _start_tool(self, event: ToolCallStarted) -> None:
        if event.call_id in self._open or len(self._open) >= _OPEN_TOOLS_LIMIT:
            return
        name = telemetry.to_word(event.name)
        span = self._instruments.tracer.start_span(
            f"{telemetry.EXECUTE_TOOL} {name}",
            context=self._context,
            attributes={
                telemetry.OPERATION_NAME: telemetry.EXECUTE_TOOL,
                telemetry.TOOL_NAME: name,
                telemetry.TOOL_CALL_ID: telemetry.to_word(event.call_id),
            },
        )
        self._open[event.call_id] = (span, self._clock.monotonic(), event.name)

    def _finish_tool(self, event: ToolCallFinished) -> None:
        started = self._open.pop(event.call_id, None)
        if started is not None:
            self._close_tool(*started, failed=event.is_error)

    def _close_tool(self, span: Span, began: float, name: str, *, failed: bool) -> None:
        attributes = {telemetry.TOOL_NAME: self._tool_words(name)}
        if failed:
            attributes[telemetry.ERROR_TYPE] = "tool_error"
            span.set_attribute(telemetry.ERROR_TYPE, "tool_error")
            span.set_status(Status(StatusCode.ERROR))
        self._instruments.tool_duration.record(self._clock.monotonic() - began, attributes)
        span.end()

    def _end(self, error: BaseException | None = None) -> None:
        if self._is_over:
            return
        self._is_over = True
        for span, _, _ in self._open.values():
            span.end()  # its end was never told: no duration is recorded
        self._open.clear()
        if error is not None and isinstance(error, Exception):
            self._failure = classify(error).code
        attributes = self._attributes
        if self._failure is not None:
            attributes = {**attributes, telemetry.ERROR_TYPE: str(self._failure)}
            self._span.set_attribute(telemetry.ERROR_TYPE, str(self._failure))
            self._span.set_status(Status(StatusCode.ERROR))
        self._instruments.agent_duration.record(self._clock.monotonic() - self._began, attributes)
        self._usage.report(self._span, self._instruments, self._attributes)
        self._span.end()


__all__ = ["ObservedTarget"]
