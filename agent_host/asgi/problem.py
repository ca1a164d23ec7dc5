"""Errors as `application/problem+json` (RFC 9457, https://www.rfc-editor.org/rfc/rfc9457).

Owns the form of the body and its headers; which status an error has stands in `errors.py`. The
type is always `about:blank`: `code` is what programs tell problems apart by.
"""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from http.client import responses
from typing import Any, Final, cast

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ExceptionHandler

from agent_host.asgi.errors import (
    INTERNAL,
    InternalError,
    answer_for,
    new_internal_error,
    retry_after_seconds,
)
from agent_host.errors import HostError, InvalidInputError, RunFailedError

MEDIA_TYPE: Final = "application/problem+json"

_logger = logging.getLogger(__name__)


def to_caller_error(error: Exception) -> HostError:
    """The error that the caller is told of: this one, or an `InternalError` in its place.

    What the caller is not told is logged here, beside the correlation id that it gets instead.
    """
    if isinstance(error, HostError):
        answer = answer_for(error)
        if answer is not INTERNAL:
            if answer.text is not None:
                _logger.warning("a request was refused, %s: %s", error.code, error)
            return error
    internal = new_internal_error()
    _logger.error("a request failed, %s", internal.correlation_id, exc_info=error)
    return internal


def problem_response(error: HostError) -> Response:
    """The problem that an error is. An internal one shows nothing but a correlation id."""
    answer = answer_for(error)
    if answer is INTERNAL:
        error = to_caller_error(error)
    members: dict[str, Any] = {
        "code": error.code,
        "retryable": error.retryable,
    }
    if isinstance(error, InvalidInputError) and error.problems:
        members["errors"] = [
            {"field": field, "message": message} for field, message in error.problems
        ]
    if isinstance(error, RunFailedError):
        members["run_id"] = error.run_id
    if isinstance(error, InternalError):
        members["correlation_id"] = error.correlation_id
    headers: dict[str, str] = {}
    seconds = retry_after_seconds(error, answer)
    if seconds is not None:
        headers["retry-after"] = str(seconds)
    return _response(answer.status, answer.text or str(error), members, headers)


async def render_problem(connection: HTTPConnection, error: HostError) -> Response:
    """The host's own `RenderError`: problem+json whatever was asked for."""
    del connection
    return problem_response(error)


def exception_handlers() -> dict[Any, ExceptionHandler]:
    """For the Starlette application: what its router refuses, and what fails outside any route.

    A `HostError` has no handler here, as a guarded route answers its own.
    """
    return {HTTPException: _answer_http_exception, Exception: _answer_failure}


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    refused = cast("HTTPException", error)
    headers = dict(refused.headers or {})
    if refused.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_allowed_methods(request)))
        if request.method == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)
    title = responses.get(refused.status_code, "Error")
    members = {"code": title.lower().replace(" ", "_"), "retryable": False}
    return _response(refused.status_code, refused.detail, members, headers)


async def _answer_failure(request: Request, error: Exception) -> Response:
    del request
    return problem_response(to_caller_error(error))


def _allowed_methods(request: Request) -> set[str]:
    # Starlette names the methods of the first route with this path only.
    methods = {"OPTIONS"}
    for route in request.app.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return methods


def _response(
    status: int, detail: str, members: Mapping[str, Any], headers: Mapping[str, str]
) -> Response:
    body = {
        "type": "about:blank",
        "title": responses.get(status, "Error"),
        "status": int(status),
        "detail": detail,
        **members,
    }
    return Response(
        json.dumps(body, separators=(",", ":")),
        status_code=status,
        headers={"cache-control": "no-store", **headers},
        media_type=MEDIA_TYPE,
    )


__all__ = [
    "MEDIA_TYPE",
    "exception_handlers",
    "problem_response",
    "render_problem",
    "to_caller_error",
]
