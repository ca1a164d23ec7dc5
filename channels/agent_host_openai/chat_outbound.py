"""A run's events as a chat completion, whole or in chunks. Pure.

The wire knows text, thinking (by the name `reasoning_content` that most clients know) and calls of
the caller's tools; the target's own tools are its own affair.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from agent_host.errors import HostError, RunFailedError
from agent_host.types import (
    ArtifactChunk,
    InputRequired,
    JournalEntry,
    PartAdded,
    Question,
    ReasoningDelta,
    ReasoningPart,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunFailure,
    RunResult,
    TextDelta,
    ToolCallFinished,
    Usage,
    UsageReported,
)
from agent_host.types.identifier import RUN_PREFIX
from agent_host.wire.json_text import json_bytes, json_text
from agent_host_openai.identifier import call_id
from agent_host_openai.outbound import error_fields
from agent_host_openai.output import to_text
from agent_host_openai.question import CLIENT_TOOL, Fields, arguments_of, tool_of

DONE: Final = b"data: [DONE]\n\n"
_BETWEEN: Final = "\n\n"
_CANCELLED: Final = RunFailure(code="cancelled", message="The run was cancelled.")


class Chat:
    """One completion. Tell it every event of the run that belongs to it, in order.

    `is_over` says that nothing follows, `asks_in_vain` that the run asks something that nobody can
    answer over this wire.
    """

    def __init__(self, run_id: str, *, model: str, created: int) -> None:
        self._run_id = run_id
        self._head: Fields = {
            "id": f"chatcmpl-{run_id.removeprefix(RUN_PREFIX)}",
            "object": "chat.completion",
            "created": created,
            "model": model,
        }
        self._text: list[str] = []
        self._thought: list[str] = []
        self._calls: list[Fields] = []
        self._message_id: str | None = None
        self._is_apart = False
        self._usage: Usage | None = None
        self._finish = "stop"
        self.failure: RunFailedError | None = None
        self.is_over = False
        self.asks_in_vain = False

    @property
    def finish_reason(self) -> str:
        """Why it ended."""
        return self._finish

    @property
    def usage(self) -> Fields:
        """What was spent; zeros where the target does not say."""
        usage = self._usage or Usage()
        return {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.input_tokens + usage.output_tokens,
            "prompt_tokens_details": {
                "cached_tokens": usage.cached_input_tokens,
                "audio_tokens": 0,
            },
            "completion_tokens_details": {
                "reasoning_tokens": usage.reasoning_tokens,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }

    def tell(self, entry: JournalEntry) -> list[Fields]:
        """What one event adds: the deltas of chunks, often none."""
        event = entry.event
        deltas: list[Fields] = []
        match event:
            case TextDelta():
                deltas = self._say(event.text, event.message_id)
            case ReasoningDelta():
                self._thought.append(event.text)
                deltas = [{"reasoning_content": event.text}]
            case PartAdded(part=part):
                deltas = self._say(to_text(part), event.message_id)
            case ArtifactChunk():
                text = "".join(to_text(part) for part in event.parts)
                deltas = self._say(text, f"artifact {event.artifact_id}")
            case ToolCallFinished():
                self._is_apart = True
            case UsageReported():
                self._usage = event.usage if self._usage is None else self._usage + event.usage
            case InputRequired():
                deltas = self._ask(event.questions)
            case RunCompleted():
                deltas = self.complete(event.result)
            case RunFailed() | RunCancelled():
                self._fail(event)
            case _:
                pass
        return deltas

    def complete(self, result: RunResult) -> list[Fields]:
        """The run is over, with this; what was not said before is said now."""
        self.is_over = True
        if result.usage is not None:
            self._usage = result.usage
        deltas: list[Fields] = []
        if not self._text:
            thought = _BETWEEN.join(
                part.text
                for message in result.messages
                for part in message.parts
                if isinstance(part, ReasoningPart)
            )
            if thought and not self._thought:
                self._thought.append(thought)
                deltas.append({"reasoning_content": thought})
            said = [m.parts for m in result.messages if m.role == "assistant"]
            said += [artifact.parts for artifact in result.artifacts]
            texts = ("".join(to_text(part) for part in parts) for parts in said)
            text = _BETWEEN.join(text for text in texts if text)
            if not text and result.value is not None:
                text = json_text(result.value)
            if text:
                deltas += self._say(text, None)
        return deltas

    def completion(self) -> Fields:
        """All of it.

        Raises:
            RunFailedError: the run failed or was cancelled.
        """
        if self.failure is not None:
            raise self.failure
        text = "".join(self._text)
        message: Fields = {
            "role": "assistant",
            "content": text if text or not self._calls else None,
            "refusal": None,
            "annotations": [],
        }
        if self._thought:
            message["reasoning_content"] = "".join(self._thought)
        if self._calls:
            message["tool_calls"] = self._calls
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": self._finish,
        }
        return {**self._head, "choices": [choice], "usage": self.usage, "service_tier": "default"}

    def chunk(
        self, delta: Mapping[str, object], *, finish: str | None = None, usage: bool = False
    ) -> bytes:
        """One chunk. `usage` says that the caller asked for it: then every chunk has a place."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return self._frame([choice], {"usage": None} if usage else {})

    def usage_chunk(self) -> bytes:
        """The chunk that says what was spent, and nothing else."""
        return self._frame([], {"usage": self.usage})

    def _frame(self, choices: Sequence[Fields], more: Fields) -> bytes:
        fields = {**self._head, "object": "chat.completion.chunk", "choices": choices, **more}
        return b"data: %b\n\n" % json_bytes(fields)

    def _say(self, text: str, message_id: str | None) -> list[Fields]:
        if message_id is not None and message_id != self._message_id:
            self._is_apart = bool(self._text)
            self._message_id = message_id
        if self._is_apart and self._text:
            text = _BETWEEN + text
        self._is_apart = False
        self._text.append(text)
        return [{"content": text}]

    def _ask(self, questions: Sequence[Question]) -> list[Fields]:
        self.is_over = True
        if any(question.kind != CLIENT_TOOL for question in questions):
            self.asks_in_vain = True
            return self._say(_BETWEEN.join(question.prompt for question in questions), None)
        self._finish = "tool_calls"
        deltas: list[Fields] = []
        for index, question in enumerate(questions):
            call = {
                "id": call_id(self._run_id, question.id),
                "type": "function",
                "function": {"name": tool_of(question), "arguments": arguments_of(question)},
            }
            self._calls.append(call)
            deltas.append({"tool_calls": [{"index": index, **call}]})
        return deltas

    def _fail(self, event: RunFailed | RunCancelled) -> None:
        self.is_over = True
        failure = event.failure if isinstance(event, RunFailed) else _CANCELLED
        self.failure = RunFailedError(
            failure.message,
            code=failure.code,
            run_id=self._run_id,
            retryable=failure.retryable,
        )


def error_frame(error: HostError) -> bytes:
    """An error where the answer has begun: clients raise it."""
    return b"data: %b\n\n" % json_bytes({"error": error_fields(error)})


__all__ = ["DONE", "Chat", "error_frame"]
