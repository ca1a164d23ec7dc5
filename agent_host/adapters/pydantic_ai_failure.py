"""Pydantic AI's errors in the host's words. Texts are safe for anyone; the cause is in the log."""

from typing import Final

from pydantic_ai import exceptions as sdk

from agent_host.errors import FailureCode, TargetError

# The first that fits counts, so what is special stands before what is general.
_KNOWN: Final[tuple[tuple[type[BaseException], FailureCode, bool, str], ...]] = (
    (sdk.ModelRateLimitError, FailureCode.RATE_LIMIT, True, "The model is busy. Try again soon."),
    (sdk.ModelQuotaExceededError, FailureCode.RATE_LIMIT, False, "The model's quota is used up."),
    (
        sdk.ModelContextWindowExceededError,
        FailureCode.CONTEXT_OVERFLOW,
        False,
        "The conversation is too long for the model.",
    ),
    (sdk.ModelUnavailableError, FailureCode.DEPENDENCY, True, "The model cannot be reached."),
    (sdk.ModelServerError, FailureCode.DEPENDENCY, True, "The model failed to answer."),
    (sdk.ModelConnectionError, FailureCode.DEPENDENCY, True, "The model cannot be reached."),
    (sdk.ModelAPIError, FailureCode.DEPENDENCY, False, "The model refused the request."),
    (sdk.ConcurrencyLimitExceeded, FailureCode.RATE_LIMIT, True, "The agent is busy. Try again."),
    (sdk.RunTimedOut, FailureCode.TIMEOUT, True, "The agent took too long."),
    (
        sdk.UsageLimitExceeded,
        FailureCode.REJECTED,
        False,
        "The answer would take more than the agent may spend on one.",
    ),
    (
        sdk.ContentFilterError,
        FailureCode.REJECTED,
        False,
        "The model's content filter stopped the answer.",
    ),
    (
        sdk.OutputTokenLimitExceeded,
        FailureCode.CONTEXT_OVERFLOW,
        False,
        "The answer is longer than the model may write.",
    ),
)


def to_failure(error: Exception) -> Exception:
    """The error to end the run with: a `TargetError` where the class is clear, else `error`."""
    if isinstance(error, sdk.FallbackExceptionGroup) and error.exceptions:
        return to_failure(error.exceptions[-1])
    for known, code, retryable, text in _KNOWN:
        if isinstance(error, known):
            return TargetError(text, code=code, retryable=retryable)
    if isinstance(error, sdk.UnexpectedModelBehavior) and _is_of_a_tool(error):
        return TargetError("A tool of the agent failed.", code=FailureCode.TOOL_ERROR)
    return error


def _is_of_a_tool(error: BaseException) -> bool:
    cause = error.__cause__
    while cause is not None:
        if isinstance(cause, sdk.ToolRetryError | sdk.ModelRetry):
            return True
        cause = cause.__cause__
    return False


__all__ = ["to_failure"]
