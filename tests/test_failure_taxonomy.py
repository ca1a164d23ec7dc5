"""Ten words for why a run failed, whatever failed and however it says so."""

import asyncio

import httpx
import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core import exceptions as langchain
from langgraph.errors import NodeTimeoutError
from pydantic_ai import exceptions as pydantic_ai

from agent_host.errors import (
    DeniedError,
    DrainingError,
    FailureCode,
    HostError,
    InvalidInputError,
    LeaseLostError,
    MissingExtraError,
    StoreUnavailableError,
    TargetError,
    TargetRejectedError,
)
from agent_host.failure_taxonomy import classify, failure_class

TEN = {code for code in FailureCode if code not in ("target_protocol", "answer_timeout")}
REQUEST = httpx.Request("POST", "http://model/")
TO_MODEL = httpx2.Request("POST", "http://model/")


def answered(status: int) -> httpx.Response:
    return httpx.Response(status, request=REQUEST)


def openai_error(status: int, code: str | None = None) -> Exception:
    kind = {
        429: openai.RateLimitError,
        400: openai.BadRequestError,
        500: openai.InternalServerError,
    }
    body = None if code is None else {"code": code}
    return kind[status]("no", response=httpx2.Response(status, request=TO_MODEL), body=body)


class WithTool(Exception):  # noqa: N818 - a stranger's
    pass


class ToolException(Exception):  # noqa: N818 - named as LangChain's, from anywhere
    pass


class Hostile(Exception):  # noqa: N818 - a stranger's
    @property
    def status_code(self) -> int:
        raise RuntimeError

    code: list[str] = []  # noqa: RUF012 - not even hashable


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (openai_error(429), "rate_limit", True),
        (openai_error(500), "dependency", True),
        (openai_error(400), "dependency", False),
        (openai_error(400, "context_length_exceeded"), "context_overflow", False),
        (openai.APITimeoutError(TO_MODEL), "dependency", True),
        (openai.APIConnectionError(request=TO_MODEL), "dependency", True),
        (httpx.ReadTimeout("late"), "dependency", True),
        (httpx.ConnectError("gone"), "dependency", True),
        (httpx.HTTPStatusError("no", request=REQUEST, response=answered(429)), "rate_limit", True),
        (httpx.HTTPStatusError("no", request=REQUEST, response=answered(503)), "dependency", True),
        (httpx.HTTPStatusError("no", request=REQUEST, response=answered(404)), "dependency", False),
        (
            httpx.HTTPStatusError("no", request=REQUEST, response=answered(302)),
            "target_error",
            False,
        ),
        (langchain.ContextOverflowError("long"), "context_overflow", False),
        (pydantic_ai.ModelHTTPError(429, "model"), "rate_limit", True),
        (pydantic_ai.ContentFilterError("no"), "rejected", False),
        (ToolException("broken"), "tool_error", False),
        (TimeoutError(), "timeout", True),
        (ConnectionResetError(), "dependency", True),
        (RuntimeError("no"), "target_error", False),
        (KeyError("no"), "target_error", False),
        (Hostile(), "target_error", False),
        (TargetRejectedError("no"), "rejected", False),
        (TargetError("no", code="my_own"), "target_error", False),
        (InvalidInputError("no"), "validation", False),
        (DeniedError("no"), "rejected", False),
        (StoreUnavailableError("no"), "dependency", True),
        (LeaseLostError("no"), "interrupted", False),
        (DrainingError("no"), "interrupted", True),
        (MissingExtraError("x", "it"), "unknown", False),
        (ExceptionGroup("", [openai_error(429)]), "rate_limit", True),
        (ExceptionGroup("", [openai_error(429), RuntimeError()]), "target_error", False),
    ],
)
def test_an_exception_has_its_word(error: Exception, code: str, *, retryable: bool) -> None:
    assert classify(error) == (code, retryable)


def test_a_cause_is_looked_at_where_the_error_says_nothing() -> None:
    error = WithTool()
    error.__cause__ = RuntimeError()
    error.__cause__.__cause__ = openai_error(429)
    assert classify(error).code == "rate_limit"
    error.__cause__.__cause__ = error  # a ring
    assert classify(error).code == "target_error"


def test_langgraph_s_timeout_is_known_by_its_name() -> None:
    error = NodeTimeoutError.__new__(NodeTimeoutError)
    assert classify(error).code == "timeout"


def test_every_error_of_the_host_has_a_word() -> None:
    waiting: list[type[HostError]] = [HostError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        assert failure_class(kind.code) in TEN
    assert failure_class("host_error") == "unknown"
    assert failure_class("session_busy") == "rate_limit"
    assert failure_class("run_hook") == "target_error"
    assert failure_class("answer_timeout") == "timeout"


@given(st.text())
def test_any_code_is_one_of_the_ten(code: str) -> None:
    assert failure_class(code) in TEN


def test_cancellation_is_no_word_of_its_own() -> None:
    assert classify(asyncio.CancelledError()).code == "target_error"
