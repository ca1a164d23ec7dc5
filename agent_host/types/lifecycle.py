"""What an operator's own systems are told about a run: its stations, never its content."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from agent_host.errors import FailureCode
from agent_host.types.identifier import RunId, SessionId
from agent_host.types.run import RunStatus


class RunPhase(StrEnum):
    """A station of a run. The last four are its end.

    `resumed` follows an answered question, or another attempt after a crash. `interrupted` is a
    failure that is nobody's fault: the process went down, or the session's lease was lost.
    """

    QUEUED = "queued"
    STARTED = "started"
    QUESTION = "question"
    RESUMED = "resumed"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLifecycle:
    """One station, at an aware UTC time.

    `failure` is one of ten classes (see `agent_host.failure_taxonomy`), `failure_code` the run's
    own code if it is a word, else `_OTHER`. `queued_for` is from acceptance to the first start,
    `duration` from the latest start to the end; both only where they are known.
    """

    phase: RunPhase
    run_id: RunId
    at: datetime
    status: RunStatus
    channel: str
    operation: str
    session_id: SessionId | None = None
    background: bool = False
    attempt: int = 0
    failure: FailureCode | None = None
    failure_code: str | None = None
    retryable: bool = False
    queued_for: timedelta | None = None
    duration: timedelta | None = None


__all__ = ["RunLifecycle", "RunPhase"]
