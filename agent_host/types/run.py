"""The one record that an A2A task, a Responses response and a REST invocation share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from agent_host.errors import InvalidTransitionError
from agent_host.types.event import RunFailure
from agent_host.types.identifier import RunId, SessionId
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.principal import Owner
from agent_host.types.question import Question
from agent_host.types.quick_init import quick_init
from agent_host.types.result import RunResult


class RunStatus(StrEnum):
    """Where a run stands. The last three are terminal."""

    QUEUED = "queued"
    RUNNING = "running"
    INPUT_REQUIRED = "input_required"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing can happen to the run any more."""
        return not TRANSITIONS[self]


TRANSITIONS: Final[Mapping[RunStatus, frozenset[RunStatus]]] = MappingProxyType(
    {
        RunStatus.QUEUED: frozenset({RunStatus.RUNNING, RunStatus.FAILED, RunStatus.CANCELLED}),
        RunStatus.RUNNING: frozenset(
            {
                RunStatus.QUEUED,  # handed back: a drain, or an attempt that will be repeated
                RunStatus.INPUT_REQUIRED,
                RunStatus.COMPLETED,
                RunStatus.FAILED,
                RunStatus.CANCELLED,
            }
        ),
        RunStatus.INPUT_REQUIRED: frozenset(
            {RunStatus.RUNNING, RunStatus.FAILED, RunStatus.CANCELLED}
        ),
        RunStatus.COMPLETED: frozenset(),
        RunStatus.FAILED: frozenset(),
        RunStatus.CANCELLED: frozenset(),
    }
)


def check_transition(before: RunStatus, after: RunStatus) -> None:
    """Hold a change of status against the table.

    Raises:
        InvalidTransitionError: the table has no way from `before` to `after`.
    """
    if after not in TRANSITIONS[before]:
        raise InvalidTransitionError(before.value, after.value)


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of the target. Times are aware UTC; `attempt` counts starts of the target.

    `questions` are those open while the status is `input_required`. `metadata` is the caller's
    own, handed back unread.
    """

    id: RunId
    owner: Owner
    status: RunStatus
    created_at: datetime
    updated_at: datetime
    channel: str
    operation: str = "invoke"
    session_id: SessionId | None = None
    background: bool = False
    started_at: datetime | None = None
    finished_at: datetime | None = None
    attempt: int = 0
    failure: RunFailure | None = None
    questions: tuple[Question, ...] = ()
    metadata: JsonObject = field(default_factory=dict[str, JsonValue])


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class HostedResult:
    """What a channel gets to render. `result` is None until the run has completed.

    `replayed` says that an idempotency key led back to an earlier run. `is_elsewhere` says that the
    answer goes to other destinations: the caller is shown the run as a continuation token.
    """

    run: Run
    result: RunResult | None = None
    replayed: bool = False
    is_elsewhere: bool = False


__all__ = ["TRANSITIONS", "HostedResult", "Run", "RunStatus", "check_transition"]
