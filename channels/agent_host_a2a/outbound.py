"""Runs into tasks, messages and errors of A2A 1.0. Pure.

Written by hand, field by field: nothing internal (the owner above all) gets out by being added to a
value, and the hot path does no schema work.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from agent_host.types import (
    Artifact,
    JsonObject,
    JsonValue,
    Message,
    Question,
    Run,
    RunFailure,
    RunResult,
    RunStatus,
)
from agent_host_a2a.inbound import OWN_METADATA
from agent_host_a2a.part import JSON_MODE, Fields, shown_parts, takes
from agent_host_a2a.schema import (
    ANSWER_ARTIFACT,
    ROLE_AGENT,
    ROLE_USER,
    TaskState,
)

OK: Final = int(HTTPStatus.OK)
NOT_MODIFIED: Final = int(HTTPStatus.NOT_MODIFIED)
CLIENT_LEFT: Final = 499
"""Nobody reads it; access logs do. nginx's number for it."""

_REJECTED: Final = "rejected"
_AUTH: Final = "auth"
_STATES: Final = {
    RunStatus.QUEUED: TaskState.SUBMITTED,
    RunStatus.RUNNING: TaskState.WORKING,
    RunStatus.COMPLETED: TaskState.COMPLETED,
    RunStatus.CANCELLED: TaskState.CANCELED,
}


def state_of(run: Run) -> TaskState:
    """The state of the task that a run is."""
    if run.status is RunStatus.INPUT_REQUIRED:
        return question_state(run.questions)
    if run.status is RunStatus.FAILED:
        return failure_state(run.failure)
    return _STATES[run.status]


def question_state(questions: Sequence[Question]) -> TaskState:
    """`AUTH_REQUIRED` where all that is asked for is that somebody signs in."""
    if questions and all(question.kind == _AUTH for question in questions):
        return TaskState.AUTH_REQUIRED
    return TaskState.INPUT_REQUIRED


def failure_state(failure: RunFailure | None) -> TaskState:
    """`REJECTED` where the target would not do it."""
    rejected = failure is not None and failure.code == _REJECTED
    return TaskState.REJECTED if rejected else TaskState.FAILED


def context_of(run: Run) -> str:
    """The context that a task is in: as its client named it, else the session, else itself."""
    named = own_metadata(run).get("contextId")
    if isinstance(named, str) and named:
        return named
    return run.session_id or run.id


def own_metadata(run: Run) -> JsonObject:
    """What this channel keeps with a run."""
    if not run.metadata:
        return {}
    own = run.metadata.get(OWN_METADATA)
    return own if isinstance(own, dict) else {}


def timestamp(at: datetime) -> str:
    """UTC with milliseconds and a Z (section 5.6.1)."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def task_fields(
    run: Run, *, artifacts: Sequence[Fields] = (), history: Sequence[Fields] = ()
) -> Fields:
    """A task as it stands."""
    context_id = context_of(run)
    fields: Fields = {
        "id": run.id,
        "contextId": context_id,
        "status": status_fields(
            state_of(run), run.updated_at, status_message(run, context_id=context_id)
        ),
    }
    if artifacts:
        fields["artifacts"] = artifacts
    if history:
        fields["history"] = history
    if run.metadata:
        kept = {name: value for name, value in run.metadata.items() if name != OWN_METADATA}
        if kept:
            fields["metadata"] = kept
    return fields


def status_fields(state: TaskState, at: datetime, message: Fields | None = None) -> Fields:
    """A task's status."""
    fields: Fields = {"state": state.value, "timestamp": timestamp(at)}
    if message is not None:
        fields["message"] = message
    return fields


def status_message(run: Run, *, context_id: str) -> Fields | None:
    """What the agent says to the state of its task: its question, or why it failed."""
    if run.status is RunStatus.INPUT_REQUIRED:
        return question_message(run.id, context_id, run.questions)
    if run.status is RunStatus.FAILED and run.failure is not None:
        return failure_message(run.id, context_id, run.failure)
    return None


def question_message(run_id: str, context_id: str, questions: Sequence[Question]) -> Fields:
    """The questions as text for people, and as data for programs."""
    asked: list[JsonValue] = [
        {
            "id": question.id,
            "kind": question.kind,
            "prompt": question.prompt,
            "schema": question.schema,
            "metadata": question.metadata,
        }
        for question in questions
    ]
    text = "\n".join(question.prompt for question in questions)
    parts: list[Fields] = [
        {"text": text},
        {"data": {"questions": asked}, "mediaType": JSON_MODE},
    ]
    ids = ".".join(question.id for question in questions)
    return agent_message(f"{run_id}.{ids}", parts, context_id=context_id, task_id=run_id)


def failure_message(run_id: str, context_id: str, failure: RunFailure) -> Fields:
    """Why it failed, safe to show to anyone."""
    parts: list[Fields] = [
        {
            "text": failure.message,
            "metadata": {"errorCode": failure.code, "retryable": failure.retryable},
        }
    ]
    return agent_message(f"{run_id}.failure", parts, context_id=context_id, task_id=run_id)


def agent_message(
    message_id: str, parts: list[Fields], *, context_id: str, task_id: str | None = None
) -> Fields:
    """Something that the agent says."""
    fields: Fields = {"messageId": message_id, "contextId": context_id}
    if task_id is not None:
        fields["taskId"] = task_id
    fields["role"] = ROLE_AGENT
    fields["parts"] = parts
    return fields


def user_message(message: Message, run: Run) -> Fields:
    """What the client said, in the history of its task."""
    fields: Fields = {
        "messageId": message.id or "",
        "contextId": context_of(run),
        "taskId": run.id,
        "role": ROLE_USER,
        "parts": shown_parts(message.parts),
    }
    if message.metadata:
        fields["metadata"] = message.metadata
    return fields


def answer_message(run: Run, result: RunResult, accepted: tuple[str, ...]) -> Fields:
    """A finished run as nothing but a message."""
    parts = answer_parts(result, accepted) or [{"text": ""}]
    return agent_message(f"{run.id}.{ANSWER_ARTIFACT}", parts, context_id=context_of(run))


def result_artifacts(result: RunResult, accepted: tuple[str, ...] = ()) -> list[Fields]:
    """What a run left behind: what the agent said, then its artifacts."""
    parts = answer_parts(result, accepted)
    artifacts = [answer_artifact(parts)] if parts else []
    for artifact in result.artifacts:
        fields = artifact_fields(artifact, accepted)
        if fields is not None:
            artifacts.append(fields)
    return artifacts


def answer_parts(result: RunResult, accepted: tuple[str, ...] = ()) -> list[Fields]:
    """What the agent said, and its structured answer behind it."""
    parts: list[Fields] = []
    for message in result.messages:
        if message.role == "assistant":
            parts += shown_parts(message.parts, accepted)
    wanted = not (accepted and parts) or takes(accepted, JSON_MODE)
    if result.value is not None and wanted:
        parts.append({"data": result.value, "mediaType": JSON_MODE})
    return parts


def answer_artifact(parts: list[Fields]) -> Fields:
    """The artifact that holds what the agent said."""
    return {"artifactId": ANSWER_ARTIFACT, "parts": parts}


def artifact_fields(artifact: Artifact, accepted: tuple[str, ...] = ()) -> Fields | None:
    """A whole artifact; None if nothing of it can be shown."""
    parts = shown_parts(artifact.parts, accepted)
    if not parts:
        return None
    fields: Fields = {"artifactId": artifact.id}
    if artifact.name:
        fields["name"] = artifact.name
    if artifact.description:
        fields["description"] = artifact.description
    fields["parts"] = parts
    if artifact.metadata:
        fields["metadata"] = artifact.metadata
    return fields


__all__ = [
    "CLIENT_LEFT",
    "NOT_MODIFIED",
    "OK",
    "agent_message",
    "answer_artifact",
    "answer_message",
    "answer_parts",
    "artifact_fields",
    "context_of",
    "failure_message",
    "failure_state",
    "own_metadata",
    "question_message",
    "question_state",
    "result_artifacts",
    "state_of",
    "status_fields",
    "status_message",
    "task_fields",
    "timestamp",
    "user_message",
]
