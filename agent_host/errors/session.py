"""Turns that a session cannot take."""

from datetime import timedelta

from agent_host.errors.root import HostError


class SessionError(HostError):
    """The session cannot take the turn now."""

    code = "session"


class SessionRequiredError(SessionError):
    """The host runs with `session_mode=required` and the request names no session."""

    code = "session_required"


class SessionBusyError(SessionError):
    """The session has a turn and its policy is `reject`."""

    code = "session_busy"
    retryable = True


class SessionResetError(SessionError):
    """The session was reset; another carries on."""

    code = "session_reset"


class SessionReadOnlyError(SessionError):
    """The session is from before its owner linked identities: it can be read, and goes on if the
    link is undone. New turns belong to a session of the person's own.
    """

    code = "session_read_only"

    def __init__(self) -> None:
        super().__init__(
            "This session is from before the account was linked and can only be read; begin "
            "another one."
        )


class QueueFullError(SessionError):
    """More turns wait than the policy allows. Try again after `retry_after`."""

    code = "queue_full"
    retryable = True

    def __init__(self, message: str, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QuestionOpenError(SessionError):
    """A run of this session waits for an answer; answer it or cancel it first."""

    code = "question_open"

    def __init__(self, message: str, run_id: str | None = None) -> None:
        super().__init__(message)
        self.run_id = run_id


__all__ = [
    "QuestionOpenError",
    "QueueFullError",
    "SessionBusyError",
    "SessionError",
    "SessionReadOnlyError",
    "SessionRequiredError",
    "SessionResetError",
]
