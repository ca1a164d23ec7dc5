"""A Pydantic AI run's stream as the host's events."""

from collections.abc import Iterable
from typing import Any

from pydantic_ai import messages as sdk
from pydantic_ai.run import AgentRunResult, AgentRunResultEvent
from pydantic_ai.usage import RunUsage

from agent_host.adapters.pydantic_ai_message import (
    from_binary,
    from_model_messages,
    is_error,
    to_arguments,
)
from agent_host.calling.answer import to_json
from agent_host.types.event import (
    PartAdded,
    ReasoningDelta,
    RunCompleted,
    RunEvent,
    TextDelta,
    ToolCallFinished,
    ToolCallStarted,
    UsageReported,
)
from agent_host.types.identifier import MessageId, RunId
from agent_host.types.result import RunResult, Usage


class EventTranslator:
    """Translates one run's events, in order; it remembers which response it is in."""

    __slots__ = ("_output_calls", "_response", "_run_id")

    def __init__(self, run_id: RunId) -> None:
        self._run_id = run_id
        self._response = 0
        self._output_calls: set[str] = set()

    def translate(
        self,
        event: sdk.AgentStreamEvent | AgentRunResultEvent[Any],  # any agent's output type
    ) -> Iterable[RunEvent]:
        """The host's events for one of the agent's; often none."""
        match event:
            case sdk.PartStartEvent():
                if event.index == 0:
                    self._response += 1
                yield from self._begin(event.part)
            case sdk.PartDeltaEvent():
                yield from self._continue(event.delta)
            case sdk.PartEndEvent(part=sdk.NativeToolCallPart() as part):
                yield _started(part)
            case sdk.PartEndEvent(part=sdk.NativeToolReturnPart() as part):
                yield _finished(part)
            case sdk.FunctionToolCallEvent():
                yield _started(event.part)
            case sdk.FunctionToolResultEvent():
                yield _finished(event.part)
            case sdk.OutputToolCallEvent():
                self._output_calls.add(event.tool_call_id)
            case AgentRunResultEvent():
                yield UsageReported(usage=to_usage(event.result.usage))
                yield RunCompleted(result=self._to_result(event.result))
            case _:
                return

    def _message_id(self) -> MessageId:
        return MessageId(f"{self._run_id}.{self._response}")

    def _begin(self, part: sdk.ModelResponsePart) -> Iterable[RunEvent]:
        match part:
            case sdk.TextPart() if part.content:
                yield TextDelta(text=part.content, message_id=self._message_id())
            case sdk.ThinkingPart() if part.content:
                yield ReasoningDelta(text=part.content)
            case sdk.FilePart():
                yield PartAdded(part=from_binary(part.content), message_id=self._message_id())
            case _:
                return

    def _continue(self, delta: sdk.ModelResponsePartDelta) -> Iterable[RunEvent]:
        match delta:
            case sdk.TextPartDelta() if delta.content_delta:
                yield TextDelta(text=delta.content_delta, message_id=self._message_id())
            case sdk.ThinkingPartDelta() if delta.content_delta:
                yield ReasoningDelta(text=delta.content_delta)
            case _:
                return

    def _to_result(self, result: AgentRunResult[Any]) -> RunResult:
        is_text = isinstance(result.output, str)
        value = None if is_text else to_json(result.output)
        messages = from_model_messages(
            result.new_messages(), output_calls=frozenset(self._output_calls), value=value
        )
        return RunResult(messages=messages, value=value)


def to_usage(usage: RunUsage) -> Usage:
    """What a run spent."""
    return Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cached_input_tokens=usage.cache_read_tokens,
        reasoning_tokens=usage.output_reasoning_tokens,
        requests=usage.requests,
    )


def _started(part: sdk.ToolCallPart | sdk.NativeToolCallPart) -> ToolCallStarted:
    return ToolCallStarted(
        call_id=part.tool_call_id, name=part.tool_name, arguments=to_arguments(part)
    )


def _finished(part: sdk.ToolReturnPart | sdk.NativeToolReturnPart) -> ToolCallFinished:
    return ToolCallFinished(
        call_id=part.tool_call_id,
        name=part.tool_name,
        result=to_json(part.content),
        is_error=is_error(part),
    )


__all__ = ["EventTranslator", "to_usage"]
