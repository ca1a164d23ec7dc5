"""Folds a stream of events into the result that a blocking caller gets. Pure; one per run."""

from dataclasses import replace
from typing import Final

from agent_host.types.event import (
    ArtifactChunk,
    PartAdded,
    ReasoningDelta,
    RunEvent,
    StepFinished,
    TextDelta,
    ToolCallFinished,
    ToolCallStarted,
    UsageReported,
)
from agent_host.types.identifier import MessageId
from agent_host.types.json import JsonValue
from agent_host.types.message import Message
from agent_host.types.part import (
    ErrorPart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from agent_host.types.result import Artifact, RunResult, Usage

UNREADABLE: Final = PartAdded(
    part=ErrorPart(
        code="unreadable_event", message="Something that happened here cannot be shown any more."
    )
)
"""What is told in the place of an event that cannot be read; every channel can say it."""


class ResultCollector:
    """Feed it every event in order; `result` can be asked for at any time. `is_whole` says that
    none of them was `UNREADABLE`.
    """

    __slots__ = (
        "_artifacts",
        "_message_id",
        "_messages",
        "_outputs",
        "_parts",
        "_reasoning",
        "_text",
        "_usage",
        "is_whole",
    )

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._parts: list[Part] = []
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._message_id: MessageId | None = None
        self._artifacts: dict[str, Artifact] = {}
        self._outputs: dict[str, JsonValue] = {}
        self._usage: Usage | None = None
        self.is_whole = True

    def add(self, event: RunEvent) -> None:
        """Take in one event; those that say nothing about the result are passed over."""
        match event:
            case TextDelta() | ReasoningDelta() | PartAdded() | ToolCallStarted():
                self._add_content(event)
            case ToolCallFinished():
                self._close_message()
                self._messages.append(Message(role="tool", parts=(_result_part(event),)))
            case ArtifactChunk():
                self._add_artifact(event)
            case StepFinished(step_id=step_id, output=output):
                self._outputs[step_id] = output
            case UsageReported(usage=usage):
                self._usage = usage if self._usage is None else self._usage + usage
            case _:
                pass

    def result(self, given: RunResult) -> RunResult:
        """What the target gave, with what it streamed where it gave nothing."""
        self._close_message()
        if not (self._messages or self._artifacts or self._outputs or self._usage):
            return given
        return replace(
            given,
            messages=given.messages or tuple(self._messages),
            outputs={**self._outputs, **given.outputs},
            artifacts=given.artifacts or tuple(self._artifacts.values()),
            usage=given.usage or self._usage,
        )

    def _add_content(self, event: TextDelta | ReasoningDelta | PartAdded | ToolCallStarted) -> None:
        match event:
            case TextDelta(text=text, message_id=message_id):
                self._enter_message(message_id)
                if self._reasoning:
                    self._close_text()
                self._text.append(text)
            case ReasoningDelta(text=text):
                if self._text:
                    self._close_text()
                self._reasoning.append(text)
            case PartAdded(part=part, message_id=message_id):
                self._enter_message(message_id)
                self._close_text()
                self._parts.append(part)
                self.is_whole = self.is_whole and event is not UNREADABLE
            case ToolCallStarted(call_id=call_id, name=name, arguments=arguments):
                self._close_text()
                self._parts.append(ToolCallPart(call_id=call_id, name=name, arguments=arguments))

    def _enter_message(self, message_id: MessageId | None) -> None:
        if message_id is not None and message_id != self._message_id:
            self._close_message()
            self._message_id = message_id

    def _close_text(self) -> None:
        if self._reasoning:
            self._parts.append(ReasoningPart(text="".join(self._reasoning)))
            self._reasoning.clear()
        if self._text:
            self._parts.append(TextPart(text="".join(self._text)))
            self._text.clear()

    def _close_message(self) -> None:
        self._close_text()
        if self._parts:
            message = Message(role="assistant", parts=tuple(self._parts), id=self._message_id)
            self._messages.append(message)
            self._parts.clear()
        self._message_id = None

    def _add_artifact(self, chunk: ArtifactChunk) -> None:
        before = self._artifacts.get(chunk.artifact_id) if chunk.append else None
        self._artifacts[chunk.artifact_id] = Artifact(
            id=chunk.artifact_id,
            parts=(*before.parts, *chunk.parts) if before else chunk.parts,
            name=chunk.name or (before.name if before else None),
            description=chunk.description or (before.description if before else None),
            metadata={**before.metadata, **chunk.metadata} if before else chunk.metadata,
        )


def _result_part(event: ToolCallFinished) -> ToolResultPart:
    return ToolResultPart(
        call_id=event.call_id, name=event.name, result=event.result, is_error=event.is_error
    )


__all__ = ["UNREADABLE", "ResultCollector"]
