"""Runs that cannot do what was asked of them, and how targets say that they failed."""

from enum import StrEnum

from agent_host.errors.root import HostError


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

    Every other exception of a target is reported without its text, which the log keeps: by the
    class that `failure_taxonomy` knows it by, else as `target_error`.
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


__all__ = [
    "DrainingError",
    "FailureCode",
    "InvalidTransitionError",
    "NoQuestionError",
    "NotCancellableError",
    "RunError",
    "RunFailedError",
    "TargetError",
    "TargetRejectedError",
]
