"""The engine's observer: spans and counts of runs, and the events of their lives."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from agent_host.errors import FailureCode
from agent_host.failure_taxonomy import failure_class
from agent_host.observability.event_feed import EventFeed
from agent_host.telemetry import to_word
from agent_host.types.lifecycle import RunLifecycle, RunPhase
from agent_host.types.run import Run, RunStatus

if TYPE_CHECKING:
    from agent_host.observability.run_telemetry import RunTelemetry

_ENDS = {
    RunStatus.COMPLETED: RunPhase.COMPLETED,
    RunStatus.FAILED: RunPhase.FAILED,
    RunStatus.CANCELLED: RunPhase.CANCELLED,
}


class RunWatch:
    """Either part may be missing."""

    def __init__(
        self, *, telemetry: "RunTelemetry | None", events: EventFeed[RunLifecycle] | None
    ) -> None:
        self._telemetry = telemetry
        self._events = events

    def created(self, run: Run) -> None:
        """The run was accepted."""
        started = run.status is RunStatus.RUNNING
        self._tell(RunPhase.STARTED if started else RunPhase.QUEUED, run)

    def changed(self, before: Run, after: Run) -> None:
        """The run moved on."""
        phase = phase_between(before, after)
        if phase is not None:
            self._tell(phase, after)

    def executing(
        self, current: Callable[[], Run], work: Coroutine[Any, Any, None]
    ) -> Coroutine[Any, Any, None]:
        """The work, within the run's span."""
        return work if self._telemetry is None else self._telemetry.executing(current, work)

    def _tell(self, phase: RunPhase, run: Run) -> None:
        event = lifecycle_of(phase, run)
        if self._telemetry is not None:
            self._telemetry.count(event)
        if self._events is not None:
            self._events.offer(event)


def phase_between(before: Run, after: Run) -> RunPhase | None:
    """The station that a change of the record is; None for one that is none."""
    if before.status.is_terminal:
        return None
    if after.status.is_terminal:
        interrupted = after.failure is not None and (
            failure_class(after.failure.code) is FailureCode.INTERRUPTED
        )
        return RunPhase.INTERRUPTED if interrupted else _ENDS[after.status]
    if after.status is RunStatus.INPUT_REQUIRED:
        return RunPhase.QUESTION
    if after.status is RunStatus.QUEUED:
        return RunPhase.QUEUED if before.status is not RunStatus.QUEUED else None
    if before.status is RunStatus.QUEUED and after.attempt <= 1:
        return RunPhase.STARTED
    return RunPhase.RESUMED


def lifecycle_of(phase: RunPhase, run: Run) -> RunLifecycle:
    """The event of a run that has just come to this station."""
    failure = run.failure
    return RunLifecycle(
        phase=phase,
        run_id=run.id,
        at=run.finished_at or run.updated_at,
        status=run.status,
        channel=run.channel,
        operation=run.operation,
        session_id=run.session_id,
        background=run.background,
        attempt=run.attempt,
        failure=None if failure is None else failure_class(failure.code),
        failure_code=None if failure is None else to_word(failure.code),
        retryable=failure is not None and failure.retryable,
        queued_for=(
            run.started_at - run.created_at
            if run.started_at is not None and phase is RunPhase.STARTED
            else None
        ),
        duration=(
            run.finished_at - run.started_at
            if run.started_at is not None and run.finished_at is not None
            else None
        ),
    )


__all__ = ["RunWatch", "lifecycle_of", "phase_between"]
