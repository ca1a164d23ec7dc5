"""From what the host gives to the wire. Pure; the only place that knows HTTP status codes."""

from http import HTTPStatus

from agent_host.errors import (
    AccessError,
    HostError,
    LinkStepError,
    RequestError,
    SessionError,
    TooLargeError,
    UnauthenticatedError,
)
from agent_host.types import (
    HostedResult,
    InputRequired,
    JournalEntry,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunStatus,
    TextDelta,
)
from agent_host_text_line.schema import DELTA, END, ERROR

_CANNOT_ASK = "The agent asked something that cannot be answered here"
_STATUSES = (
    (UnauthenticatedError, HTTPStatus.UNAUTHORIZED),
    (AccessError, HTTPStatus.FORBIDDEN),
    (TooLargeError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (RequestError, HTTPStatus.BAD_REQUEST),
    (LinkStepError, HTTPStatus.BAD_REQUEST),
    (SessionError, HTTPStatus.CONFLICT),
)


def from_result(hosted: HostedResult) -> tuple[str, HTTPStatus]:
    """The answer as text, or the run that it can be found by where it goes elsewhere. A failure
    says its code, its safe sentence and the run's id.
    """
    run = hosted.run
    if hosted.is_elsewhere:
        return f"The answer goes elsewhere. ({run.id})", HTTPStatus.ACCEPTED
    if hosted.result is not None:
        return hosted.result.text, HTTPStatus.OK
    if run.failure is not None:
        return (
            f"{ERROR}{run.failure.code}: {run.failure.message} ({run.id})",
            HTTPStatus.BAD_GATEWAY,
        )
    if run.status is RunStatus.INPUT_REQUIRED:
        asked = " / ".join(question.prompt for question in run.questions)
        return f"{ERROR}question: {_CANNOT_ASK}: {asked}", HTTPStatus.CONFLICT
    return f"{ERROR}cancelled: The run was cancelled. ({run.id})", HTTPStatus.CONFLICT


def from_entry(entry: JournalEntry) -> str | None:
    """What the socket says of an event; None for what a line cannot carry."""
    match entry.event:
        case TextDelta(text=text):
            return f"{DELTA}{text}"
        case RunCompleted():
            return END
        case RunFailed(failure=failure):
            return f"{ERROR}{failure.code}: {failure.message}"
        case RunCancelled():
            return f"{ERROR}cancelled: The run was cancelled."
        case InputRequired(questions=questions):
            asked = " / ".join(question.prompt for question in questions)
            return f"{ERROR}question: {_CANNOT_ASK}: {asked}"
        case _:
            return None


def from_error(error: HostError) -> tuple[str, HTTPStatus]:
    """An error as text. What the host hands to a channel is safe to show."""
    otherwise = (
        HTTPStatus.SERVICE_UNAVAILABLE if error.retryable else HTTPStatus.INTERNAL_SERVER_ERROR
    )
    status = next((said for kind, said in _STATUSES if isinstance(error, kind)), otherwise)
    return f"{ERROR}{error.code}: {error}", status


__all__ = ["from_entry", "from_error", "from_result"]
