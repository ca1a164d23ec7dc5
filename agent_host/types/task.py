"""Values of the `TaskRunner` seam: work that must happen, once it has been accepted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from agent_host.types.identifier import TaskId
from agent_host.types.quick_init import quick_init


class TaskStatus(StrEnum):
    """`dead` is a dead letter: kept, shown and replayed by an operator, never tried by itself."""

    SCHEDULED = "scheduled"
    ATTEMPTING = "attempting"
    SUCCEEDED = "succeeded"
    DEAD = "dead"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Waits between attempts: exponential from `first_delay` to `last_delay` with full jitter.

    `attempts_limit` counts all attempts; `time_limit` is for one of them.
    """

    attempts_limit: int = 5
    first_delay: timedelta = timedelta(seconds=1)
    last_delay: timedelta = timedelta(minutes=5)
    time_limit: timedelta = timedelta(hours=1)


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """Work to schedule. `payload` is versioned JSON that the handler of `kind` reads.

    `key` makes scheduling idempotent within the kind. Tasks of one `lane` run one after the other
    in the order they were scheduled. `trace_context` is the W3C carrier of the scheduling span.
    """

    kind: str
    payload: bytes
    key: str | None = None
    lane: str | None = None
    delay: timedelta = timedelta()
    trace_context: Mapping[str, str] = field(default_factory=dict[str, str])


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The stored record. `starts` counts attempts that began, `last_error` is a code, `over_at` is
    when it succeeded, was cancelled or was given up.
    """

    id: TaskId
    spec: TaskSpec
    status: TaskStatus
    created_at: datetime
    due_at: datetime
    starts: int = 0
    last_error: str | None = None
    over_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCounts:
    """How many tasks of one kind there are. `waiting` are those scheduled, due or not.

    `is_partial` says that counting stopped at its bound, so that there are at least this many.
    `oldest_due_at` is when the first of those was due, or will be, that wait for an attempt and for
    no other of their lane; it has no part in comparisons.
    """

    waiting: int = 0
    attempting: int = 0
    dead: int = 0
    is_partial: bool = False
    oldest_due_at: datetime | None = field(default=None, compare=False)


__all__ = ["RetryPolicy", "Task", "TaskCounts", "TaskSpec", "TaskStatus"]
