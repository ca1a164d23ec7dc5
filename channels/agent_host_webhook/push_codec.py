"""What is kept of a result until it is sent: what the body of an event says, and no more."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from agent_host.errors import UnreadableRecordError
from agent_host.types import (
    HostedResult,
    JsonObject,
    JsonValue,
    Message,
    Owner,
    Question,
    Run,
    RunResult,
    RunStatus,
)
from agent_host.types.event import RunFailure
from agent_host.types.identifier import IsolationKey, RunId, SessionId


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class KeptResult:
    """The form of version 2; version 1 has neither `updated_at` nor `questions`."""

    run_id: str
    status: RunStatus
    channel: str
    created_at: datetime
    updated_at: datetime | None = None
    finished_at: datetime | None = None
    session_id: str | None = None
    output_text: str | None = None
    value: JsonValue = None
    failure_code: str | None = None
    failure_message: str | None = None
    questions: tuple[Question, ...] = ()


_KEPT: Final = TypeAdapter(KeptResult)
_NOBODY: Final = Owner(tenant="", isolation_key=IsolationKey(""))
"""An event does not say whose run it is."""


class WebhookCodec:
    """The `PushCodec` of webhooks."""

    version = 2

    def encode(self, result: HostedResult) -> JsonObject:
        """Plain JSON."""
        run = result.run
        # What a run asks stands in its questions; the text is for channels that know of none.
        answer = None if run.questions else result.result
        kept = KeptResult(
            run_id=run.id,
            status=run.status,
            channel=run.channel,
            created_at=run.created_at,
            updated_at=run.updated_at,
            finished_at=run.finished_at,
            session_id=run.session_id,
            output_text=None if answer is None else answer.text,
            value=None if answer is None else answer.value,
            failure_code=None if run.failure is None else run.failure.code,
            failure_message=None if run.failure is None else run.failure.message,
            questions=run.questions,
        )
        value: JsonObject = _KEPT.dump_python(kept, mode="json")
        return value

    def decode(self, value: JsonObject, version: int) -> HostedResult:
        """What was encoded by version 1 or 2.

        Raises:
            UnreadableRecordError: by another, or it is none of ours.
        """
        if version not in (1, self.version):
            message = f"An event of version {version} is not known to this release."
            raise UnreadableRecordError(message)
        try:
            kept = _KEPT.validate_python(value)
        except ValidationError as error:
            message = "This event is damaged."
            raise UnreadableRecordError(message) from error
        failure = None
        if kept.failure_code is not None:
            failure = RunFailure(code=kept.failure_code, message=kept.failure_message or "")
        run = Run(
            id=RunId(kept.run_id),
            owner=_NOBODY,
            status=kept.status,
            created_at=kept.created_at,
            updated_at=kept.updated_at or kept.finished_at or kept.created_at,
            finished_at=kept.finished_at,
            channel=kept.channel,
            operation="event",
            session_id=None if kept.session_id is None else SessionId(kept.session_id),
            failure=failure,
            questions=kept.questions,
        )
        if kept.output_text is None:
            return HostedResult(run=run)
        said = Message.assistant(kept.output_text)
        return HostedResult(run=run, result=RunResult(messages=(said,), value=kept.value))


__all__ = ["KeptResult", "WebhookCodec"]
