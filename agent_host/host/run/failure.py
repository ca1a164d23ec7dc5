"""From what went wrong to what a caller may read. The exception's own text stays out of it."""

import logging
import traceback

from agent_host.errors import (
    FailureCode,
    HostError,
    InvalidInputError,
    LeaseLostError,
    StoreError,
    TargetError,
)
from agent_host.failure_taxonomy import classify
from agent_host.telemetry import to_word
from agent_host.types.event import RunFailure
from agent_host.types.identifier import RunId

logger = logging.getLogger(__name__)

INTERRUPTED = RunFailure(
    code=FailureCode.INTERRUPTED, message="The run was interrupted before it ended.", retryable=True
)
TIMED_OUT = RunFailure(
    code=FailureCode.TIMEOUT, message="The agent took too long to answer.", retryable=True
)
NOT_ANSWERED = RunFailure(
    code=FailureCode.ANSWER_TIMEOUT, message="The question was not answered in time."
)


def protocol_failure(run_id: RunId, detail: str) -> RunFailure:
    """The target broke the contract of `Target.run`; `detail` is for the operator's log."""
    logger.error("run %s: the target broke its contract: %s", run_id, detail)
    return RunFailure(
        code=FailureCode.TARGET_PROTOCOL, message="The agent gave an answer that cannot be sent."
    )


def failure_of(error: BaseException, run_id: RunId) -> RunFailure:
    """What a caller is told about an exception, and what the log keeps of it."""
    match error:
        case TargetError():
            logger.warning("run %s: the target failed with %s", run_id, to_word(error.code))
            return RunFailure(code=error.code, message=str(error), retryable=error.retryable)
        case InvalidInputError():
            return RunFailure(code=FailureCode.VALIDATION, message=str(error))
        case LeaseLostError():
            logger.error("run %s: its session was taken over", run_id)
            return INTERRUPTED
        case StoreError():
            logger.error("run %s: the store failed with %s", run_id, error.code)
            return RunFailure(
                code=FailureCode.DEPENDENCY,
                message="The host could not keep the answer.",
                retryable=error.retryable,
            )
        case HostError():
            logger.error("run %s: %s", run_id, error.code)
            return RunFailure(code=error.code, message=str(error), retryable=error.retryable)
        case _:
            logger.error(
                "run %s: the target raised %s at %s (traceback at level DEBUG)",
                run_id,
                type(error).__name__,
                _place(error),
            )
            logger.debug("run %s", run_id, exc_info=error)
            code, retryable = classify(error)
            return RunFailure(code=code, message="The agent failed to answer.", retryable=retryable)


def note_unstored(error: Exception, run_id: RunId) -> None:
    """The store does not take the end of a run; on a full disk that is so for one after the other,
    so it is a line.
    """
    code = error.code if isinstance(error, HostError) else type(error).__name__
    logger.error("run %s: its end could not be stored: %s", run_id, code)
    logger.debug("run %s: its end could not be stored", run_id, exc_info=error)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown place"


__all__ = [
    "INTERRUPTED",
    "NOT_ANSWERED",
    "TIMED_OUT",
    "failure_of",
    "note_unstored",
    "protocol_failure",
]
