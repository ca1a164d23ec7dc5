"""One tree of errors. HTTP status codes and wire formats are not here: `asgi/` and channels map
`code`s. `str(error)` of a `HostError` is safe to show to the party named in its class.
"""

from datetime import timedelta
from enum import StrEnum


class FailureCode(StrEnum):
    """Why a run failed, in words that metrics and callers can count."""

    TIMEOUT = "timeout"
    TARGET_ERROR = "target_error"
    TARGET_PROTOCOL = "target_protocol"
    TOOL_ERROR = "tool_error"
    CONTEXT_OVERFLOW = "context_overflow"
    RATE_LIMIT = "rate_limit"
    DEPENDENCY = "dependency"
    VALIDATION = "validation"
    REJECTED = "rejected"
    INTERRUPTED = "interrupted"
    ANSWER_TIMEOUT = "answer_timeout"
    UNKNOWN = "unknown"


class HostError(Exception):
    """The root. `code` is one stable word; `retryable` says that trying again later may work."""

    code = "host_error"
    retryable = False


class ConfigurationError(HostError):
    """The operator set something wrong. The text names the setting to change."""

    code = "configuration"


class MissingExtraError(ConfigurationError):
    """An optional part is asked for and not installed."""

    code = "missing_extra"

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs an optional part. "
            f"Install it with: pip install 'agent-host-server[{extra}]'"
        )


class RequestError(HostError):
    """The caller sent something the host cannot take. The text tells the caller what to change."""

    code = "invalid_request"


class InvalidInputError(RequestError):
    """The input does not have the form the target asks for. `problems` name field and rule."""

    code = "invalid_input"

    def __init__(self, message: str, problems: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class TooLargeError(RequestError):
    """A limit of size, depth or count is passed."""

    code = "too_large"


class IdempotencyConflictError(RequestError):
    """The idempotency key was used before, with another request."""

    code = "idempotency_conflict"


class NotFoundError(RequestError):
    """No such thing for this caller. Somebody else's thing reads exactly the same."""

    code = "not_found"

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no such {what}.")


class AccessError(HostError):
    """The caller may not."""

    code = "access"


class UnauthenticatedError(AccessError):
    """The caller did not prove who it is."""

    code = "unauthenticated"


class DeniedError(AccessError):
    """The authorizer said no. `reason_code` is for the log; the text is for the person."""

    code = "denied"

    def __init__(self, user_message: str, reason_code: str = "denied") -> None:
        super().__init__(user_message)
        self.reason_code = reason_code


class LinkRequiredError(AccessError):
    """The person must link this identity to one that is known first."""

    code = "link_required"


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


class RunError(HostError):
    """The run cannot do what was asked of it."""

    code = "run"


class InvalidTransitionError(RunError):
    """The run's status does not allow this change."""

    code = "invalid_transition"

    def __init__(self, before: str, after: str) -> None:
        super().__init__(f"A run that is {before} cannot become {after}.")


class NotCancellableError(RunError):
    """The run is over."""

    code = "not_cancellable"


class NoQuestionError(RunError):
    """The run asks nothing, or not this."""

    code = "no_question"


class RunFailedError(RunError):
    """A run that somebody waited for ended without an answer. `run_id` is its correlation id."""

    def __init__(self, message: str, *, code: str, run_id: str, retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.run_id = run_id
        self.retryable = retryable


class DrainingError(HostError):
    """The host is going down and takes no new work."""

    code = "draining"
    retryable = True


class TargetError(HostError):
    """A target raises it to fail with a text that callers may see.

    Every other exception of a target is reported as `target_error`, its text kept in the log.
    """

    code = "target_error"

    def __init__(
        self,
        message: str,
        *,
        code: str = FailureCode.TARGET_ERROR,
        retryable: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = str(code)
        self.retryable = retryable


class TargetRejectedError(TargetError):
    """A target raises it when it will not do what is asked."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=FailureCode.REJECTED)


class UnsupportedTargetError(ConfigurationError):
    """No adapter knows this object. The text lists what is supported."""

    code = "unsupported_target"


class StoreError(HostError):
    """The store could not do it."""

    code = "store"


class ConflictError(StoreError):
    """A write found another version than it expected. Nothing of its commit was done."""

    code = "conflict"


class LeaseLostError(StoreError):
    """The fence is no longer held. Nothing of the commit was done."""

    code = "lease_lost"


class StoreFullError(StoreError):
    """The store's bound is reached and nothing may be evicted."""

    code = "store_full"
    retryable = True


class StoreUnavailableError(StoreError):
    """The store does not answer, or was closed."""

    code = "store_unavailable"
    retryable = True


class UnreadableRecordError(StoreError):
    """A stored record is damaged or of a version this release does not know."""

    code = "unreadable_record"


class TaskError(HostError):
    """A task cannot do what was asked of it."""

    code = "task"


class RetryTaskError(TaskError):
    """A handler raises it to be tried again, not before `retry_after` where one is given."""

    code = "retry"
    retryable = True

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TaskHandedBackError(TaskError):
    """A handler raises it when its process goes down before the work is done: the task stays
    scheduled for the next process, and the attempt does not count.
    """

    code = "handed_back"
    retryable = True

    def __init__(self) -> None:
        super().__init__("The process goes down; the next one does the task.")


class PermanentTaskError(TaskError):
    """A handler raises it when no further attempt can help: the task becomes a dead letter."""

    code = "permanent"


__all__ = [
    "AccessError",
    "ConfigurationError",
    "ConflictError",
    "DeniedError",
    "DrainingError",
    "FailureCode",
    "HostError",
    "IdempotencyConflictError",
    "InvalidInputError",
    "InvalidTransitionError",
    "LeaseLostError",
    "LinkRequiredError",
    "MissingExtraError",
    "NoQuestionError",
    "NotCancellableError",
    "NotFoundError",
    "PermanentTaskError",
    "QuestionOpenError",
    "QueueFullError",
    "RequestError",
    "RetryTaskError",
    "RunError",
    "RunFailedError",
    "SessionBusyError",
    "SessionError",
    "SessionRequiredError",
    "SessionResetError",
    "StoreError",
    "StoreFullError",
    "StoreUnavailableError",
    "TargetError",
    "TargetRejectedError",
    "TaskError",
    "TaskHandedBackError",
    "TooLargeError",
    "UnauthenticatedError",
    "UnreadableRecordError",
    "UnsupportedTargetError",
]
