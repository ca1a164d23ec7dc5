"""What happens during a run, in order. Every run's journal is a list of these.

A target yields them; the engine numbers them from 0 without gaps, adds `RunStarted`,
`InputReceived` and a terminal where the target gave none, and refuses anything after a terminal.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from agent_host.types.identifier import MessageId, QuestionId, RunId, SessionId
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.part import Part
from agent_host.types.question import Question
from agent_host.types.quick_init import quick_init
from agent_host.types.result import RunResult, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFailure:
    """Why a run failed. `message` is safe to show to anyone; details are in the log, by run id.

    `code` is one word of the taxonomy in `agent_host.errors.FailureCode`, or a target's own.
    """

    code: str
    message: str
    retryable: bool = False


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The target is about to run. The engine adds it; a target does not yield it."""

    run_id: RunId
    session_id: SessionId | None = None
    attempt: int = 1
    type: Literal["run_started"] = "run_started"


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """More text of the answer. Another `message_id` begins another message."""

    text: str
    message_id: MessageId | None = None
    type: Literal["text_delta"] = "text_delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningDelta:
    """More of the agent's thinking."""

    text: str
    type: Literal["reasoning_delta"] = "reasoning_delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallStarted:
    """The agent calls a tool."""

    call_id: str
    name: str
    arguments: JsonValue = None
    type: Literal["tool_call_started"] = "tool_call_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallFinished:
    """The tool answered, or failed (`is_error`)."""

    call_id: str
    name: str
    result: JsonValue = None
    is_error: bool = False
    type: Literal["tool_call_finished"] = "tool_call_finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartAdded:
    """A whole part joins the answer: a file, data, an error."""

    part: Part
    message_id: MessageId | None = None
    type: Literal["part_added"] = "part_added"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactChunk:
    """Parts of an artifact. `append` adds to what was sent under this id; else it replaces it."""

    artifact_id: str
    parts: tuple[Part, ...]
    name: str | None = None
    description: str | None = None
    append: bool = False
    last: bool = True
    metadata: JsonObject = field(default_factory=dict[str, JsonValue])
    type: Literal["artifact_chunk"] = "artifact_chunk"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressReported:
    """A sentence on what is going on, to be shown while the answer is awaited; not part of it."""

    text: str
    type: Literal["progress_reported"] = "progress_reported"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChanged:
    """Shared state changed by this JSON Patch (RFC 6902)."""

    patch: Sequence[JsonObject]
    type: Literal["state_changed"] = "state_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """A workflow's step began."""

    step_id: str
    name: str | None = None
    type: Literal["step_started"] = "step_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished:
    """A workflow's step ended with `output`, kept whole in `RunResult.outputs`."""

    step_id: str
    name: str | None = None
    output: JsonValue = None
    type: Literal["step_finished"] = "step_finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRequired:
    """The run cannot go on before every one of `questions` has an answer.

    A generator receives an `Answer` as the value of its `yield`; a target whose capabilities say
    `resumes` ends its stream here and is run again with `turn.answer` set.
    """

    questions: tuple[Question, ...]
    type: Literal["input_required"] = "input_required"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputReceived:
    """The questions were answered. The engine adds it; the values stay out of the journal."""

    question_ids: tuple[QuestionId, ...]
    type: Literal["input_received"] = "input_received"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReported:
    """Spent since the last report; the engine adds them up."""

    usage: Usage
    type: Literal["usage_reported"] = "usage_reported"


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class RunCompleted:
    """Terminal. Where `result` has no messages, the collected stream is the answer."""

    result: RunResult = field(default_factory=RunResult)
    type: Literal["run_completed"] = "run_completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFailed:
    """Terminal."""

    failure: RunFailure
    type: Literal["run_failed"] = "run_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCancelled:
    """Terminal. `reason` is one word: `caller`, `interrupted_by_turn`, `disconnected`,
    `steered_into_cancelled` or `target`; `unknown` where its entry cannot be read any more.
    """

    reason: str = "target"
    type: Literal["run_cancelled"] = "run_cancelled"


TerminalEvent: TypeAlias = RunCompleted | RunFailed | RunCancelled
RunEvent: TypeAlias = (
    RunStarted
    | TextDelta
    | ReasoningDelta
    | ToolCallStarted
    | ToolCallFinished
    | PartAdded
    | ArtifactChunk
    | ProgressReported
    | StateChanged
    | StepStarted
    | StepFinished
    | InputRequired
    | InputReceived
    | UsageReported
    | RunCompleted
    | RunFailed
    | RunCancelled
)


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """An event with its place in the run: `sequence` counts from 0 without gaps."""

    sequence: int
    at: datetime
    event: RunEvent


__all__ = [
    "ArtifactChunk",
    "InputReceived",
    "InputRequired",
    "JournalEntry",
    "PartAdded",
    "ProgressReported",
    "ReasoningDelta",
    "RunCancelled",
    "RunCompleted",
    "RunEvent",
    "RunFailed",
    "RunFailure",
    "RunStarted",
    "StateChanged",
    "StepFinished",
    "StepStarted",
    "TerminalEvent",
    "TextDelta",
    "ToolCallFinished",
    "ToolCallStarted",
    "UsageReported",
]
