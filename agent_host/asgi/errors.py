"""Which HTTP status an error has, and what of it a caller may read. The one table for both.

Knows nothing of bodies and headers, see `problem.py`. Errors that a caller can neither cause nor
mend are internal: they are logged where they are caught and answered with a correlation id.
"""

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from agent_host.asgi.admin_error import TaskStateError
from agent_host.asgi.edge_error import (
    SlowRequestError,
    TooManyHeadersError,
    TooManyRequestsError,
)
from agent_host.errors import (
    AccessError,
    AuthenticationUnavailableError,
    BacklogFullError,
    CommandError,
    ConflictError,
    ConsentRequiredError,
    DeliveryStateError,
    DrainingError,
    ExchangeUnavailableError,
    FailureCode,
    HostError,
    IdempotencyConflictError,
    InteractionRequiredError,
    InvalidGrantError,
    InvalidInputError,
    LinkStepError,
    NoCallerTokenError,
    NotFoundError,
    QueueFullError,
    RequestError,
    RunError,
    RunFailedError,
    SessionError,
    SessionRequiredError,
    SignInError,
    SignInUnavailableError,
    StoreFullError,
    StoreUnavailableError,
    TargetError,
    TooLargeError,
    TooManyLinkStepsError,
    UnauthenticatedError,
)

_CORRELATION_BYTES: Final = 8


class InternalError(HostError):
    """Stands in for a failure that only the operator can mend.

    `correlation_id` is in the log beside what happened; it is all that the caller is told.
    """

    code = "internal"

    def __init__(self, correlation_id: str) -> None:
        super().__init__(f"Something went wrong on our side. Quote {correlation_id} to report it.")
        self.correlation_id = correlation_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How an error is answered. `text` replaces an error's own, where that is for the operator.

    `retry_after_seconds` is for errors that name no time themselves.
    """

    status: HTTPStatus
    text: str | None = None
    retry_after_seconds: int | None = None


_STORE_TEXT: Final = "The host cannot reach what it remembers at the moment. Try again later."
_UNKNOWABLE_TEXT: Final = "The host cannot check who is calling at the moment. Try again later."
_PROVIDER_TEXT: Final = "The provider cannot be reached at the moment. Try again later."
_CONFLICT_TEXT: Final = "Something else changed this at the same moment. Try again."

ANSWERS: Final[Mapping[type[HostError], Answer]] = MappingProxyType(
    {
        RequestError: Answer(status=HTTPStatus.BAD_REQUEST),
        InvalidInputError: Answer(status=HTTPStatus.UNPROCESSABLE_ENTITY),
        IdempotencyConflictError: Answer(status=HTTPStatus.UNPROCESSABLE_ENTITY),
        TooLargeError: Answer(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        TooManyHeadersError: Answer(status=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE),
        SlowRequestError: Answer(status=HTTPStatus.REQUEST_TIMEOUT),
        TooManyRequestsError: Answer(status=HTTPStatus.TOO_MANY_REQUESTS),
        NotFoundError: Answer(status=HTTPStatus.NOT_FOUND),
        AccessError: Answer(status=HTTPStatus.FORBIDDEN),
        UnauthenticatedError: Answer(status=HTTPStatus.UNAUTHORIZED),
        SessionError: Answer(status=HTTPStatus.CONFLICT),
        SessionRequiredError: Answer(status=HTTPStatus.BAD_REQUEST),
        QueueFullError: Answer(status=HTTPStatus.TOO_MANY_REQUESTS),
        LinkStepError: Answer(status=HTTPStatus.BAD_REQUEST),
        TooManyLinkStepsError: Answer(status=HTTPStatus.TOO_MANY_REQUESTS),
        SignInError: Answer(status=HTTPStatus.BAD_REQUEST),
        SignInUnavailableError: Answer(
            status=HTTPStatus.BAD_GATEWAY, text=_PROVIDER_TEXT, retry_after_seconds=5
        ),
        RunError: Answer(status=HTTPStatus.CONFLICT),
        TaskStateError: Answer(status=HTTPStatus.CONFLICT),
        DeliveryStateError: Answer(status=HTTPStatus.CONFLICT),
        ConflictError: Answer(status=HTTPStatus.CONFLICT, text=_CONFLICT_TEXT),
        CommandError: Answer(status=HTTPStatus.INTERNAL_SERVER_ERROR),
        AuthenticationUnavailableError: Answer(
            status=HTTPStatus.SERVICE_UNAVAILABLE, text=_UNKNOWABLE_TEXT, retry_after_seconds=5
        ),
        BacklogFullError: Answer(status=HTTPStatus.SERVICE_UNAVAILABLE),
        DrainingError: Answer(status=HTTPStatus.SERVICE_UNAVAILABLE, retry_after_seconds=5),
        StoreUnavailableError: Answer(
            status=HTTPStatus.SERVICE_UNAVAILABLE, text=_STORE_TEXT, retry_after_seconds=5
        ),
        StoreFullError: Answer(
            status=HTTPStatus.SERVICE_UNAVAILABLE, text=_STORE_TEXT, retry_after_seconds=30
        ),
        InternalError: Answer(status=HTTPStatus.INTERNAL_SERVER_ERROR),
    }
)
"""By class; a subclass that is not here is answered like its nearest ancestor. What leads to no row
is `INTERNAL`.
"""

INTERNAL: Final = Answer(status=HTTPStatus.INTERNAL_SERVER_ERROR)
"""Shown as an `InternalError`, whatever it is."""

_FAILED: Final = Answer(status=HTTPStatus.INTERNAL_SERVER_ERROR)

FAILURES: Final[Mapping[str, Answer]] = MappingProxyType(
    {
        FailureCode.TIMEOUT: Answer(status=HTTPStatus.GATEWAY_TIMEOUT),
        FailureCode.ANSWER_TIMEOUT: Answer(status=HTTPStatus.GATEWAY_TIMEOUT),
        FailureCode.DEPENDENCY: Answer(status=HTTPStatus.BAD_GATEWAY),
        # Not 429: it is the host that asked its model too often, not this caller the host.
        FailureCode.RATE_LIMIT: Answer(
            status=HTTPStatus.SERVICE_UNAVAILABLE, retry_after_seconds=5
        ),
        FailureCode.VALIDATION: Answer(status=HTTPStatus.UNPROCESSABLE_ENTITY),
        FailureCode.REJECTED: Answer(status=HTTPStatus.UNPROCESSABLE_ENTITY),
        FailureCode.CONTEXT_OVERFLOW: Answer(status=HTTPStatus.UNPROCESSABLE_ENTITY),
        # A downstream service wants more of this caller than the caller's token gives.
        NoCallerTokenError.code: Answer(status=HTTPStatus.FORBIDDEN),
        InteractionRequiredError.code: Answer(status=HTTPStatus.FORBIDDEN),
        ConsentRequiredError.code: Answer(status=HTTPStatus.FORBIDDEN),
        InvalidGrantError.code: Answer(status=HTTPStatus.FORBIDDEN),
        ExchangeUnavailableError.code: Answer(status=HTTPStatus.BAD_GATEWAY),
    }
)
"""By the code of a run that failed; every other code is a 500."""


def answer_for(error: HostError) -> Answer:
    """How to answer an error; `INTERNAL` for one that the caller must not be shown."""
    if isinstance(error, RunFailedError | TargetError):
        return FAILURES.get(error.code, _FAILED)
    return next((ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS), INTERNAL)


def retry_after_seconds(error: HostError, answer: Answer) -> int | None:
    """Whole seconds for `Retry-After`, never less than one; None for no such header."""
    if isinstance(
        error, BacklogFullError | QueueFullError | TooManyLinkStepsError | TooManyRequestsError
    ):
        return max(1, math.ceil(error.retry_after.total_seconds()))
    return answer.retry_after_seconds


def new_internal_error() -> InternalError:
    """An internal error with a correlation id of its own."""
    return InternalError(f"err_{secrets.token_hex(_CORRELATION_BYTES)}")


__all__ = [
    "ANSWERS",
    "FAILURES",
    "INTERNAL",
    "Answer",
    "InternalError",
    "answer_for",
    "new_internal_error",
    "retry_after_seconds",
]
