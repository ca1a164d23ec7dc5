"""Responses, their lists and their errors into the wire's JSON. Pure.

Written by hand, field by field: every member that OpenAI's schema requires is always there.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, cast

from agent_host.errors import (
    AccessError,
    AuthenticationUnavailableError,
    BacklogFullError,
    ConflictError,
    ConsentRequiredError,
    DeliveryStateError,
    DrainingError,
    ExchangeUnavailableError,
    FailureCode,
    HostError,
    InsufficientScopeError,
    InteractionRequiredError,
    InvalidGrantError,
    LinkStepError,
    NoCallerTokenError,
    NotFoundError,
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
from agent_host.types import HostedResult, JsonObject, Run, RunFailure, RunStatus
from agent_host.wire.header import RawHeaders
from agent_host.wire.json_text import json_bytes
from agent_host_openai.identifier import response_id
from agent_host_openai.output import items_of, usage_fields
from agent_host_openai.problem import NotOfferedError, UnknownModelError, WireError
from agent_host_openai.question import Fields
from agent_host_openai.wish import RESERVED

OK: Final = int(HTTPStatus.OK)
CLIENT_LEFT: Final = 499
"""Nobody reads it; access logs do. nginx's number for it."""

_RESPONSE: Final[Fields] = {
    "id": "",
    "object": "response",
    "created_at": 0,
    "status": "",
    "background": False,
    "completed_at": None,
    "conversation": None,
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "model": "",
    "output": [],
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "service_tier": "default",
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "usage": None,
    "metadata": {},
}
_OWN: Final = frozenset({"mark", "inputs", "stream", "conversation"})
"""Of an echo, what is not said as it stands there."""

STATUS: Final[Mapping[RunStatus, str]] = {
    RunStatus.QUEUED: "queued",
    RunStatus.RUNNING: "in_progress",
    RunStatus.INPUT_REQUIRED: "completed",
    RunStatus.COMPLETED: "completed",
    RunStatus.FAILED: "failed",
    RunStatus.CANCELLED: "cancelled",
}
"""A run that asks has said all it could: the caller has its calls, and the response is whole."""


def echo_of(run: Run) -> Mapping[str, Any]:
    """What this channel kept with a run."""
    echo = run.metadata.get(RESERVED)
    return cast("Mapping[str, Any]", echo) if isinstance(echo, Mapping) else {}


def caller_metadata(metadata: JsonObject) -> JsonObject:
    """What the caller kept with it."""
    if not metadata:
        return metadata
    return {name: value for name, value in metadata.items() if name != RESERVED}


def response_fields(
    run: Run, *, model: str, stretch: int = 0, echo: Mapping[str, Any] | None = None
) -> Fields:
    """A response without output or end. `model` is the default one. `echo` is that of a later
    stretch; its own begins with the run.
    """
    if echo is None:
        echo = echo_of(run)
    fields = {
        **_RESPONSE,
        "id": response_id(run.id, stretch),
        "created_at": seconds(run.created_at),
        "status": STATUS[run.status],
        "model": model,
    }
    if echo:
        fields.update({name: value for name, value in echo.items() if name not in _OWN})
        conversation = echo.get("conversation")
        if conversation is not None:
            fields["conversation"] = {"id": conversation}
    if stretch == 0 and run.metadata:
        fields["metadata"] = caller_metadata(run.metadata)
    return fields


def from_result(hosted: HostedResult, *, model: str, server_label: str) -> Fields:
    """The response of a run that somebody waited for and that asked nothing.

    Raises:
        RunFailedError: the run failed.
    """
    run, result = hosted.run, hosted.result
    raise_failure(run)
    fields = response_fields(run, model=model)
    if run.finished_at is not None:
        fields["completed_at"] = seconds(run.finished_at)
    if result is not None:
        fields["output"] = items_of(
            result, tail=fields["id"].removeprefix("resp_"), server_label=server_label
        )
        fields["usage"] = usage_fields(result.usage)
    return fields


def raise_failure(run: Run) -> None:
    """Nothing for a run that did not fail.

    Raises:
        RunFailedError: it did.
    """
    if run.status is RunStatus.FAILED:
        failure = run.failure or RunFailure(code="unknown", message="The run failed.")
        raise RunFailedError(
            failure.message, code=failure.code, run_id=run.id, retryable=failure.retryable
        )


def failure_fields(failure: RunFailure) -> Fields:
    """Why a response failed."""
    code = _FAILURE_CODES.get(failure.code, "server_error")
    return {"code": code, "message": failure.message}


def seconds(at: datetime) -> int:
    """Unix time, as OpenAI has it."""
    return int(at.timestamp())


def frame(kind: str, fields: Mapping[str, Any]) -> bytes:
    """One event as SSE (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), json_bytes({"type": kind, **fields}))


def list_fields(items: list[Fields], *, has_more: bool) -> Fields:
    """A page of a list."""
    return {
        "object": "list",
        "data": items,
        "first_id": items[0]["id"] if items else "",
        "last_id": items[-1]["id"] if items else "",
        "has_more": has_more,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAnswer:
    """How an error is said: status, headers besides the content type, body."""

    status: int
    headers: RawHeaders
    body: bytes


@dataclass(frozen=True, slots=True)
class _Said:
    status: HTTPStatus
    type: str
    code: str | None = None
    text: str | None = None  # in place of the error's own, where that is for the operator
    retry_after: int | None = None


_INVALID: Final = "invalid_request_error"
_SERVER: Final = "server_error"
_STORE_TEXT: Final = "The host cannot reach what it remembers at the moment. Try again later."
_UNKNOWABLE_TEXT: Final = "The host cannot check who is calling at the moment. Try again later."
_CONFLICT_TEXT: Final = "Something else changed this at the same moment. Try again."

_PROVIDER_TEXT: Final = "The provider cannot be reached at the moment. Try again later."
_NOT_ENOUGH: Final = _Said(HTTPStatus.FORBIDDEN, "permission_error")
_TOO_MANY: Final = _Said(HTTPStatus.TOO_MANY_REQUESTS, "rate_limit_error", "rate_limit_exceeded")

_ERRORS: Final[dict[type[HostError], _Said]] = {
    UnknownModelError: _Said(HTTPStatus.NOT_FOUND, _INVALID, "model_not_found"),
    NotOfferedError: _Said(HTTPStatus.NOT_FOUND, _INVALID, "not_offered"),
    NotFoundError: _Said(HTTPStatus.NOT_FOUND, _INVALID, "not_found"),
    TooLargeError: _Said(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _INVALID),
    RequestError: _Said(HTTPStatus.BAD_REQUEST, _INVALID),
    UnauthenticatedError: _Said(HTTPStatus.UNAUTHORIZED, "authentication_error", "invalid_api_key"),
    InsufficientScopeError: _Said(
        HTTPStatus.FORBIDDEN, "permission_error", "insufficient_permissions"
    ),
    AccessError: _Said(HTTPStatus.FORBIDDEN, "permission_error"),
    LinkStepError: _Said(HTTPStatus.BAD_REQUEST, _INVALID),
    TooManyLinkStepsError: _TOO_MANY,
    SignInError: _Said(HTTPStatus.BAD_REQUEST, _INVALID),
    SignInUnavailableError: _Said(
        HTTPStatus.BAD_GATEWAY, _SERVER, text=_PROVIDER_TEXT, retry_after=5
    ),
    SessionRequiredError: _Said(HTTPStatus.BAD_REQUEST, _INVALID),
    SessionError: _Said(HTTPStatus.CONFLICT, _INVALID),
    RunError: _Said(HTTPStatus.CONFLICT, _INVALID),
    DeliveryStateError: _Said(HTTPStatus.CONFLICT, _INVALID),
    ConflictError: _Said(HTTPStatus.CONFLICT, _INVALID, text=_CONFLICT_TEXT),
    AuthenticationUnavailableError: _Said(
        HTTPStatus.SERVICE_UNAVAILABLE, _SERVER, text=_UNKNOWABLE_TEXT, retry_after=5
    ),
    BacklogFullError: _Said(HTTPStatus.SERVICE_UNAVAILABLE, _SERVER),
    DrainingError: _Said(HTTPStatus.SERVICE_UNAVAILABLE, _SERVER, retry_after=5),
    StoreUnavailableError: _Said(
        HTTPStatus.SERVICE_UNAVAILABLE, _SERVER, text=_STORE_TEXT, retry_after=5
    ),
    StoreFullError: _Said(
        HTTPStatus.SERVICE_UNAVAILABLE, _SERVER, text=_STORE_TEXT, retry_after=30
    ),
    HostError: _Said(HTTPStatus.INTERNAL_SERVER_ERROR, _SERVER),
}
_FAILURES: Final[dict[str, _Said]] = {
    FailureCode.TIMEOUT: _Said(HTTPStatus.GATEWAY_TIMEOUT, _SERVER),
    FailureCode.ANSWER_TIMEOUT: _Said(HTTPStatus.GATEWAY_TIMEOUT, _SERVER),
    FailureCode.DEPENDENCY: _Said(HTTPStatus.BAD_GATEWAY, _SERVER),
    # Not 429: it is the host that asked its model too often, not this caller the host.
    FailureCode.RATE_LIMIT: _Said(HTTPStatus.SERVICE_UNAVAILABLE, _SERVER, retry_after=5),
    FailureCode.VALIDATION: _Said(HTTPStatus.BAD_REQUEST, _INVALID, "invalid_prompt"),
    FailureCode.REJECTED: _Said(HTTPStatus.BAD_REQUEST, _INVALID, "invalid_prompt"),
    FailureCode.CONTEXT_OVERFLOW: _Said(
        HTTPStatus.BAD_REQUEST, _INVALID, "context_length_exceeded"
    ),
    # A downstream service wants more of this caller than the caller's token gives.
    NoCallerTokenError.code: _NOT_ENOUGH,
    InteractionRequiredError.code: _NOT_ENOUGH,
    ConsentRequiredError.code: _NOT_ENOUGH,
    InvalidGrantError.code: _NOT_ENOUGH,
    ExchangeUnavailableError.code: _Said(HTTPStatus.BAD_GATEWAY, _SERVER),
}
_FAILED: Final = _Said(HTTPStatus.INTERNAL_SERVER_ERROR, _SERVER)
_SLOW: Final = _Said(HTTPStatus.REQUEST_TIMEOUT, _INVALID)
_FAILURE_CODES: Final[dict[str, str]] = {
    FailureCode.RATE_LIMIT: "rate_limit_exceeded",
    FailureCode.VALIDATION: "invalid_prompt",
    FailureCode.REJECTED: "invalid_prompt",
    FailureCode.CONTEXT_OVERFLOW: "invalid_prompt",
}


def from_error(error: HostError) -> ErrorAnswer:
    """An error as OpenAI says it. `x-should-retry` keeps its clients from repeating what would fail
    again, and a run that was begun.
    """
    said = _said(error)
    after = _retry_after(error, said)
    headers: RawHeaders = [(b"cache-control", b"no-store")]
    if after is not None:
        headers.append((b"retry-after", b"%d" % after))
    repeats = error.retryable and not isinstance(error, RunFailedError)
    headers.append((b"x-should-retry", b"true" if repeats else b"false"))
    if isinstance(error, RunFailedError):
        headers.append((b"x-request-id", error.run_id.encode()))
    return ErrorAnswer(
        status=int(said.status), headers=headers, body=json_bytes({"error": error_fields(error)})
    )


def error_fields(error: HostError) -> Fields:
    """Its members, all four of them always there."""
    said = _said(error)
    is_wire = isinstance(error, WireError)
    code = error.wire_code if isinstance(error, WireError) else said.code or error.code
    return {
        "message": said.text or str(error),
        "type": said.type,
        "param": error.param if isinstance(error, WireError) and is_wire else None,
        "code": code,
    }


def _said(error: HostError) -> _Said:
    if isinstance(error, RunFailedError | TargetError):
        return _FAILURES.get(error.code, _FAILED)
    if isinstance(getattr(error, "retry_after", None), timedelta):
        return _TOO_MANY
    if isinstance(error, RequestError) and error.retryable:
        return _SLOW
    return next(_ERRORS[kind] for kind in type(error).__mro__ if kind in _ERRORS)


def _retry_after(error: HostError, said: _Said) -> int | None:
    after = getattr(error, "retry_after", None)
    if isinstance(after, timedelta):
        return max(1, math.ceil(after.total_seconds()))
    return said.retry_after


__all__ = [
    "CLIENT_LEFT",
    "OK",
    "STATUS",
    "ErrorAnswer",
    "caller_metadata",
    "echo_of",
    "error_fields",
    "failure_fields",
    "frame",
    "from_error",
    "from_result",
    "list_fields",
    "raise_failure",
    "response_fields",
    "seconds",
]
