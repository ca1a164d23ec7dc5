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
    Run,
    RunResult,
    RunStatus,
)
from agent_host.types.event import RunFailure
from agent_host.types.identifier import IsolationKey, RunId, SessionId


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class KeptResult:
    """The form of version 1."""

    run_id: str
    status: RunStatus
    channel: str
    created_at: datetime
    finished_at: datetime | None = None
    session_id: str | None = None
    output_text: str | None = None
    value: JsonValue = None
    failure_code: str | None = None
    failure_message: str | None = None


_KEPT: Final = TypeAdapter(KeptResult)
_NOBODY: Final = Owner(tenant="", isolation_key=IsolationKey(""))
"""An event does not say whose run it is."""


class WebhookCodec:
    """The `PushCodec` of webhooks."""

    version = 1

    def encode(self, result: HostedResult) -> JsonObject:
        """Plain JSON."""
        run, answer = result.run, result.result
        kept = KeptResult(
            run_id=run.id,
            status=run.status,
            channel=run.channel,
            created_at=run.created_at,
            finished_at=run.finished_at,
            session_id=run.session_id,
            output_text=None if answer is None else answer.text,
            value=None if answer is None else answer.value,
            failure_code=None if run.failure is None else run.failure.code,
            failure_message=None if run.failure is None else run.failure.message,
        )
        value: JsonObject = _KEPT.dump_python(kept, mode="json")
        return value

    def decode(self, value: JsonObject, version: int) -> HostedResult:
        """What was encoded by version 1.

        Raises:
            UnreadableRecordError: by another, or it is none of ours.
        """
        if version != self.version:
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
            updated_at=kept.finished_at or kept.created_at,
            finished_at=kept.finished_at,
            channel=kept.channel,
            operation="event",
            session_id=None if kept.session_id is None else SessionId(kept.session_id),
            failure=failure,
        )
        if kept.output_text is None:
            return HostedResult(run=run)
        said = Message.assistant(kept.output_text)
        return HostedResult(run=run, result=RunResult(messages=(said,), value=kept.value))


__all__ = ["KeptResult", "WebhookCodec"]
