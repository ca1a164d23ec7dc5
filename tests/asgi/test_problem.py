"""Every error has a status that clients act on and a body that is safe to show."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from agent_host import errors
from agent_host.asgi.errors import INTERNAL, InternalError, answer_for
from agent_host.asgi.problem import exception_handlers, problem_response, to_caller_error
from agent_host.errors import FailureCode, HostError, RunFailedError


def body_of(response: Response) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(bytes(response.body))
    return body


def failed(code: str) -> RunFailedError:
    return RunFailedError("It did not work.", code=code, run_id="run_1")


EXPECTED: list[tuple[HostError, int]] = [
    (errors.RequestError("Say it in JSON."), 400),
    (errors.SessionRequiredError("Name a session."), 400),
    (errors.UnauthenticatedError("Who are you?"), 401),
    (errors.DeniedError("Not you."), 403),
    (errors.LinkRequiredError("Link first."), 403),
    (errors.NotFoundError("run"), 404),
    (errors.SessionBusyError("Wait."), 409),
    (errors.SessionResetError("It is another now."), 409),
    (errors.QuestionOpenError("Answer first."), 409),
    (errors.InvalidTransitionError("failed", "running"), 409),
    (errors.NotCancellableError("It is over."), 409),
    (errors.NoQuestionError("Nothing is asked."), 409),
    (errors.TooLargeError("Too much."), 413),
    (errors.InvalidInputError("Not a number."), 422),
    (errors.IdempotencyConflictError("Used before."), 422),
    (errors.QueueFullError("Too many wait.", timedelta(seconds=2)), 429),
    (errors.DrainingError("Going down."), 503),
    (failed(FailureCode.TIMEOUT), 504),
    (failed(FailureCode.ANSWER_TIMEOUT), 504),
    (failed(FailureCode.DEPENDENCY), 502),
    (failed(FailureCode.RATE_LIMIT), 503),
    (failed(FailureCode.VALIDATION), 422),
    (failed(FailureCode.REJECTED), 422),
    (failed(FailureCode.CONTEXT_OVERFLOW), 422),
    (failed(FailureCode.INTERRUPTED), 500),
    (failed(FailureCode.TOOL_ERROR), 500),
    (failed("a code of the target's own"), 500),
    (errors.TargetRejectedError("I will not."), 422),
]


@pytest.mark.parametrize(("error", "status"), EXPECTED, ids=lambda value: str(value)[:30])
def test_an_error_for_the_caller_is_told_with_its_own_words(error: HostError, status: int) -> None:
    response = problem_response(error)

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    problem = body_of(response)
    assert problem["type"] == "about:blank"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"] == str(error)
    assert problem["code"] == error.code
    assert problem["retryable"] is error.retryable


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.StoreUnavailableError("redis://:hunter2@10.0.0.7 is down"), 503),
        (errors.StoreFullError("/secret/folder is full"), 503),
        (errors.ConflictError("version of run/secret"), 409),
        (errors.ConfigurationError("set password to hunter2"), 500),
        (errors.UnreadableRecordError("run/secret: bad bytes"), 500),
        (errors.LeaseLostError("secret"), 500),
        (errors.PermanentTaskError("secret"), 500),
        (HostError("secret"), 500),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_operators_words_are_not_shown_to_callers(error: HostError, status: int) -> None:
    response = problem_response(error)

    assert response.status_code == status
    assert str(error) not in bytes(response.body).decode()


def test_an_internal_error_and_the_log_share_a_correlation_id(
    caplog: pytest.LogCaptureFixture,
) -> None:
    problem = body_of(problem_response(errors.UnreadableRecordError("row 7 is damaged")))

    assert problem["code"] == "internal"
    assert problem["correlation_id"] in problem["detail"]
    assert problem["correlation_id"] in caplog.text
    assert "row 7 is damaged" in caplog.text


def test_the_operator_reads_what_is_wrong_with_the_store(
    caplog: pytest.LogCaptureFixture,
) -> None:
    to_caller_error(errors.StoreUnavailableError("10.0.0.7 is down"))

    assert "store_unavailable: 10.0.0.7 is down" in caplog.text


def test_a_field_is_named_for_each_problem_of_the_input() -> None:
    problems = (("age", "must be a number"), ("name", "is missing"))

    problem = body_of(problem_response(errors.InvalidInputError("Not so.", problems)))

    assert problem["errors"] == [
        {"field": "age", "message": "must be a number"},
        {"field": "name", "message": "is missing"},
    ]


def test_a_failed_run_can_be_looked_up() -> None:
    assert body_of(problem_response(failed("timeout")))["run_id"] == "run_1"


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (errors.QueueFullError("Wait.", timedelta(seconds=1.2)), "2"),
        (errors.QueueFullError("Wait.", timedelta(0)), "1"),
        (errors.DrainingError("Bye."), "5"),
        (errors.StoreUnavailableError("down"), "5"),
        (errors.StoreFullError("full"), "30"),
        (failed(FailureCode.RATE_LIMIT), "5"),
    ],
)
def test_a_caller_that_may_try_again_is_told_when(error: HostError, seconds: str) -> None:
    assert problem_response(error).headers["retry-after"] == seconds


def test_a_callers_text_that_is_not_unicode_does_no_harm() -> None:
    detail = body_of(problem_response(errors.RequestError("no \ud800 here")))["detail"]

    assert detail == "no \ud800 here"


def test_an_error_class_of_somebody_elses_is_answered_like_its_parent() -> None:
    class StrangeError(errors.NotFoundError):
        code = "strange"

    assert answer_for(StrangeError("thing")).status == 404


def test_no_error_class_is_shown_by_accident() -> None:
    """A class that is new in the tree is internal until somebody decides otherwise."""

    def below(kind: type[HostError]) -> Iterator[type[HostError]]:
        for child in kind.__subclasses__():
            if child.__module__.startswith(f"{errors.__name__}."):
                yield child
                yield from below(child)

    internal = {kind for kind in below(HostError) if answer_for(kind.__new__(kind)) is INTERNAL}

    assert internal == {
        # A target raises these, and its run fails with their code.
        errors.OnBehalfOfError,
        errors.ConsentRequiredError,
        errors.ExchangeUnavailableError,
        errors.InteractionRequiredError,
        errors.InvalidGrantError,
        errors.NoCallerTokenError,
        errors.ConfigurationError,
        errors.MissingExtraError,
        errors.UnsupportedTargetError,
        errors.StoreError,
        errors.LeaseLostError,
        errors.UnreadableRecordError,
        errors.NewerRecordError,
        errors.TaskError,
        errors.FollowEndedError,
        errors.RetryTaskError,
        errors.TaskHandedBackError,
        errors.TaskReplacedError,
        errors.PermanentTaskError,
        errors.OutboundError,
        errors.PushError,
    }


async def greet(request: Request) -> Response:
    del request
    return PlainTextResponse("hello")


async def teapot(request: Request) -> Response:
    raise HTTPException(499, detail=f"{request.url.path} is closed", headers={"x-kept": "1"})


async def broken(request: Request) -> Response:
    del request
    message = "the password is hunter2"
    raise RuntimeError(message)


@pytest.fixture
def app() -> Starlette:
    return Starlette(
        routes=[
            Route("/greeting", greet, methods=["GET"]),
            Route("/greeting", greet, methods=["POST"]),
            Route("/teapot", teapot),
            Route("/broken", broken),
        ],
        exception_handlers=exception_handlers(),
    )


def client_of(app: Starlette) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://host")


async def test_a_path_that_is_not_there_is_a_problem(app: Starlette) -> None:
    async with client_of(app) as client:
        response = await client.get("/nowhere")

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "not_found"
    assert response.json()["title"] == "Not Found"


async def test_a_wrong_method_is_told_all_that_the_path_has(app: Starlette) -> None:
    async with client_of(app) as client:
        response = await client.delete("/greeting")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert response.json()["code"] == "method_not_allowed"


async def test_options_asks_for_just_that(app: Starlette) -> None:
    async with client_of(app) as client:
        response = await client.options("/greeting")

    assert response.status_code == 204
    assert response.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert response.content == b""


async def test_an_http_exception_keeps_status_headers_and_words(app: Starlette) -> None:
    async with client_of(app) as client:
        response = await client.get("/teapot")

    assert response.status_code == 499
    assert response.headers["x-kept"] == "1"
    assert response.json()["detail"] == "/teapot is closed"
    assert response.json()["code"] == "error"


async def test_a_failure_outside_any_guard_is_safe_to_show(
    app: Starlette, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)

    async with client_of(app) as client:
        response = await client.get("/broken")

    assert response.status_code == 500
    assert response.json()["correlation_id"] in caplog.text
    assert "hunter2" not in response.text


def test_an_internal_error_says_what_to_quote() -> None:
    assert "err_1" in str(InternalError("err_1"))
