"""A graph's stream as the host's events."""

from collections.abc import Iterable, Mapping
from typing import Final, cast

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.messages.ai import UsageMetadata
from langgraph.types import StreamMode

from agent_host.adapters.langgraph_message import (
    reasoning_of,
    to_tool_calls,
    to_tool_result,
)
from agent_host.calling.answer import to_json
from agent_host.types.event import (
    ArtifactChunk,
    PartAdded,
    ProgressReported,
    ReasoningDelta,
    RunEvent,
    StateChanged,
    StepFinished,
    StepStarted,
    TextDelta,
    ToolCallFinished,
    ToolCallStarted,
    UsageReported,
)
from agent_host.types.identifier import MessageId
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.part import DataPart
from agent_host.types.result import Usage

MODES: Final[tuple[StreamMode, ...]] = ("messages", "tasks", "values", "custom")
_INTERRUPT: Final = "__interrupt__"
_PASSED_ON: Final = (
    ArtifactChunk,
    PartAdded,
    ProgressReported,
    ReasoningDelta,
    StateChanged,
    TextDelta,
    UsageReported,
)


class GraphTranslator:
    """Translates one run's stream, in order.

    `state` is the graph's last state, `outputs` what its nodes wrote, by step id: the node's name,
    from its second time on with a number (`agent`, `agent.2`).
    """

    __slots__ = (
        "_calls",
        "_counted",
        "_finished",
        "_partial",
        "_steps",
        "_times",
        "outputs",
        "state",
    )

    def __init__(self) -> None:
        self.state: object = None
        self.outputs: dict[str, JsonValue] = {}
        self._steps: dict[str, str] = {}
        self._times: dict[str, int] = {}
        self._calls: set[str] = set()
        self._finished: set[str] = set()
        self._counted: set[str] = set()
        self._partial: dict[str, AIMessageChunk] = {}

    def translate(self, namespace: tuple[str, ...], mode: str, data: object) -> Iterable[RunEvent]:
        """The host's events for one item of the graph's stream; often none.

        `namespace` is empty for the graph itself: what subgraphs do is shown as text and tool
        calls, but not as steps.
        """
        match mode:
            case "messages":
                message, facts = cast("tuple[BaseMessage, Mapping[str, object]]", data)
                yield from self._from_message(message, facts)
            case "tasks":
                yield from self._from_task(cast("JsonObject", data), is_root=not namespace)
            case "custom":
                yield from _from_custom(data)
            case _ if not namespace:
                self._keep_state(data)
            case _:
                return

    def _keep_state(self, data: object) -> None:
        if isinstance(data, Mapping) and _INTERRUPT in data:
            state = cast("Mapping[str, object]", data)
            self.state = {name: value for name, value in state.items() if name != _INTERRUPT}
        else:
            self.state = data

    def _from_message(
        self, message: BaseMessage, facts: Mapping[str, object]
    ) -> Iterable[RunEvent]:
        if isinstance(message, AIMessage):
            identifier = message.id or ""
            if text := str(message.text):
                yield TextDelta(text=text, message_id=MessageId(identifier) if identifier else None)
            if thought := reasoning_of(message):
                yield ReasoningDelta(text=thought)
            # Only a chat model's own: a node may also return messages that were paid for before.
            if message.usage_metadata is not None and "ls_model_type" in facts:
                yield self._to_usage(message.usage_metadata, identifier)
        if isinstance(message, AIMessageChunk):
            if message.tool_call_chunks:
                earlier = self._partial.get(message.id or "")
                self._partial[message.id or ""] = message if earlier is None else earlier + message
            return
        yield from self._complete_calls()
        yield from self._from_tool_traffic(message)

    def _to_usage(self, spent: UsageMetadata, identifier: str) -> UsageReported:
        requests = 0 if identifier in self._counted else 1
        self._counted.add(identifier)
        return UsageReported(
            usage=Usage(
                input_tokens=spent["input_tokens"],
                output_tokens=spent["output_tokens"],
                cached_input_tokens=spent.get("input_token_details", {}).get("cache_read", 0),
                reasoning_tokens=spent.get("output_token_details", {}).get("reasoning", 0),
                requests=requests,
            )
        )

    def _complete_calls(self) -> Iterable[RunEvent]:
        for message in self._partial.values():
            yield from self._from_tool_traffic(message)
        self._partial.clear()

    def _from_tool_traffic(self, message: BaseMessage) -> Iterable[RunEvent]:
        if isinstance(message, AIMessage):
            for call in to_tool_calls(message):
                if call.call_id not in self._calls:
                    self._calls.add(call.call_id)
                    yield ToolCallStarted(
                        call_id=call.call_id, name=call.name, arguments=call.arguments
                    )
        elif isinstance(message, ToolMessage) and message.tool_call_id not in self._finished:
            result = to_tool_result(message)
            self._finished.add(result.call_id)
            yield ToolCallFinished(
                call_id=result.call_id,
                name=result.name,
                result=result.result,
                is_error=result.is_error,
            )

    def _from_task(self, task: Mapping[str, object], *, is_root: bool) -> Iterable[RunEvent]:
        yield from self._complete_calls()
        task_id, name = str(task["id"]), str(task["name"])
        if "result" not in task:
            if is_root and task_id not in self._steps:
                yield StepStarted(step_id=self._step_id(task_id, name), name=name)
            return
        written = task["result"]
        if isinstance(written, Mapping):
            for value in cast("Mapping[str, object]", written).values():
                for message in _messages_in(value):
                    yield from self._from_tool_traffic(message)
        if is_root and not task.get("interrupts") and not task.get("error"):
            step_id = self._step_id(task_id, name)
            self.outputs[step_id] = to_storable(task["result"])
            yield StepFinished(step_id=step_id, name=name, output=self.outputs[step_id])

    def _step_id(self, task_id: str, name: str) -> str:
        if task_id not in self._steps:
            times = self._times.get(name, 0) + 1
            self._times[name] = times
            self._steps[task_id] = name if times == 1 else f"{name}.{times}"
        return self._steps[task_id]


def _messages_in(value: object) -> Iterable[BaseMessage]:
    if isinstance(value, BaseMessage):
        yield value
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            if isinstance(item, BaseMessage):
                yield item


def _from_custom(data: object) -> Iterable[RunEvent]:
    if isinstance(data, _PASSED_ON):
        yield data
    elif isinstance(data, str):
        yield ProgressReported(text=data)
    else:
        yield PartAdded(part=DataPart(data=to_json(data)))


def to_storable(written: object) -> JsonValue:
    """State as JSON; channels that hold something without a JSON form are left out."""
    if not isinstance(written, Mapping):
        return to_json(written)
    storable: dict[str, JsonValue] = {}
    for name, value in cast("Mapping[str, object]", written).items():
        try:
            storable[name] = to_json(value)
        except TypeError:
            continue
    return storable


__all__ = ["MODES", "GraphTranslator", "to_storable"]
