"""A run in its next status. Pure."""

from datetime import datetime

from agent_host.types.event import RunFailure
from agent_host.types.question import Question
from agent_host.types.quick_init import maker
from agent_host.types.run import Run, RunStatus, check_transition


def moved(
    run: Run,
    status: RunStatus,
    *,
    now: datetime,
    failure: RunFailure | None = None,
    questions: tuple[Question, ...] = (),
) -> Run:
    """The run as it stands then.

    Raises:
        InvalidTransitionError: it cannot come to that.
    """
    check_transition(run.status, status)
    return _make_run(
        id=run.id,
        owner=run.owner,
        status=status,
        created_at=run.created_at,
        updated_at=now,
        channel=run.channel,
        operation=run.operation,
        session_id=run.session_id,
        background=run.background,
        started_at=run.started_at,
        finished_at=now if status.is_terminal else None,
        attempt=run.attempt,
        failure=failure,
        questions=questions,
        metadata=run.metadata,
    )


_make_run = maker(Run)

__all__ = ["moved"]
