"""What the wire gives: the shapes of answers, for the OpenAPI document and the tests.

`outbound` writes them by hand, as it is the hot path; a test holds the two together. Every member
is always there; what is absent is null.
"""

from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from agent_host_rest.schema import JsonMap, Part

Status: TypeAlias = Literal[
    "queued", "running", "input_required", "completed", "failed", "cancelled"
]


class AnswerModel(BaseModel):
    """Exact, and built only when somebody asks for the document."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class Message(AnswerModel):
    """One message of a conversation."""

    id: str | None
    role: Literal["user", "assistant", "system", "tool"]
    parts: list[Part]
    metadata: JsonMap


class Question(AnswerModel):
    """Something the run must know before it goes on; `schema` is a JSON Schema for the value."""

    id: str
    kind: Literal["input", "approval", "auth", "client_tool"]
    prompt: str
    schema_: JsonMap | None = Field(alias="schema")
    metadata: JsonMap


class Failure(AnswerModel):
    """Why a run failed, safe to show to anyone."""

    code: str
    message: str
    retryable: bool


class Usage(AnswerModel):
    """What the run spent on models; counts are tokens, except `requests`."""

    input_tokens: int
    output_tokens: int
    cached_input_tokens: int
    reasoning_tokens: int
    requests: int


class Artifact(AnswerModel):
    """A named product of the run."""

    id: str
    name: str | None
    description: str | None
    parts: list[Part]
    metadata: JsonMap


class Result(AnswerModel):
    """What a run leaves behind. `output_text` is the assistant's text of all messages.

    `value` is a structured answer, `outputs` a workflow's outputs by step. Unless the run has
    completed there is none of it.
    """

    output_text: str | None
    messages: list[Message]
    value: Any
    outputs: JsonMap
    artifacts: list[Artifact]
    usage: Usage | None
    result_metadata: JsonMap = Field(description="What the agent noted about its answer.")


class RunSummary(AnswerModel):
    """A run without its result. Times are UTC."""

    id: str
    status: Status
    session_id: str | None
    background: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    questions: list[Question] = Field(description="Open while the status is input_required.")
    failure: Failure | None
    metadata: JsonMap = Field(description="As sent with the request.")


class Run(RunSummary, Result):
    """A run with its result."""


class RunPage(AnswerModel):
    """Runs, newest first. `next_cursor` is null on the last page."""

    items: list[RunSummary]
    next_cursor: str | None


class RunLinks(AnswerModel):
    """Paths to go on with."""

    run: str
    events: str
    cancel: str
    answer: str


class AcceptedRun(AnswerModel):
    """The run goes on without you. `token` is the run's id: the continuation token."""

    token: str
    status: Status
    session_id: str | None
    created_at: datetime
    links: RunLinks


class SessionSummary(AnswerModel):
    """A session. `name` is the caller's own; `superseded_by` carries on after a reset."""

    id: str
    name: str | None
    created_at: datetime
    last_active_at: datetime
    superseded_by: str | None


class Session(SessionSummary):
    """A session with its newest messages, oldest first; `earlier` counts those left out."""

    messages: list[Message]
    earlier: int


class CommandAnswer(AnswerModel):
    """What a command says, to people in messages, to programs in facts."""

    messages: list[Message]
    facts: JsonMap


class Event(BaseModel):
    """One thing that happened in a run. The members besides these depend on the type."""

    model_config = ConfigDict(extra="allow", defer_build=True)

    type: Literal[
        "run_started",
        "text_delta",
        "reasoning_delta",
        "tool_call_started",
        "tool_call_finished",
        "part_added",
        "artifact_chunk",
        "progress_reported",
        "state_changed",
        "step_started",
        "step_finished",
        "input_required",
        "input_received",
        "usage_reported",
        "run_completed",
        "run_failed",
        "run_cancelled",
    ]
    sequence: int = Field(ge=0, description="From 0 without gaps; the event's id.")
    at: datetime


class Ping(AnswerModel):
    """The container's health, by AgentCore's contract."""

    status: Literal["Healthy", "HealthyBusy"]
    time_of_last_update: int = Field(description="When the status last changed; Unix seconds.")


ANSWER_MODELS: Final[tuple[type[BaseModel], ...]] = (
    AcceptedRun,
    CommandAnswer,
    Event,
    Ping,
    Run,
    RunPage,
    Session,
    SessionSummary,
)

__all__ = [
    "ANSWER_MODELS",
    "AcceptedRun",
    "AnswerModel",
    "Artifact",
    "CommandAnswer",
    "Event",
    "Failure",
    "Message",
    "Ping",
    "Question",
    "Result",
    "Run",
    "RunLinks",
    "RunPage",
    "RunSummary",
    "Session",
    "SessionSummary",
    "Usage",
]
