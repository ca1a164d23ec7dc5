"""LangGraph's and LangChain's errors in the host's words. Texts are safe for anyone."""

from typing import Final

from langchain_core import exceptions as langchain
from langgraph import errors as langgraph

from agent_host.errors import FailureCode, TargetError

# The first that fits counts, so what is special stands before what is general.
_KNOWN: Final[tuple[tuple[type[BaseException], FailureCode, bool, str], ...]] = (
    (
        langchain.ModelRateLimitError,
        FailureCode.RATE_LIMIT,
        True,
        "The model is busy. Try again soon.",
    ),
    (
        langchain.ContextOverflowError,
        FailureCode.CONTEXT_OVERFLOW,
        False,
        "The conversation is too long for the model.",
    ),
    (
        langchain.ModelConnectionError,
        FailureCode.DEPENDENCY,
        True,
        "The model cannot be reached.",
    ),
    (langchain.ModelTimeoutError, FailureCode.DEPENDENCY, True, "The model took too long."),
    (langchain.ModelAPIError, FailureCode.DEPENDENCY, True, "The model failed to answer."),
    (langchain.ModelError, FailureCode.DEPENDENCY, False, "The model refused the request."),
    (langgraph.NodeTimeoutError, FailureCode.TIMEOUT, True, "A step of the agent took too long."),
    (
        langgraph.GraphRecursionError,
        FailureCode.TARGET_ERROR,
        False,
        "The agent took more steps than it may.",
    ),
)


def to_failure(error: Exception) -> Exception:
    """The error to end the run with: a `TargetError` where the class is clear, else `error`."""
    for known, code, retryable, text in _KNOWN:
        if isinstance(error, known):
            return TargetError(text, code=code, retryable=retryable)
    return error


__all__ = ["to_failure"]
