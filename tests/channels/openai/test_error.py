"""Errors as OpenAI's client raises them, by class, and what it repeats."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import httpx2
import pytest
from openai import (
    AsyncOpenAI,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)

from agent_host import AgentHost
from agent_host.asgi.edge_error import TooManyRequestsError
from agent_host.asgi.errors import ANSWERS, FAILURES, answer_for, new_internal_error
from agent_host.errors import HostError, QueueFullError, RunFailedError
from agent_host.testing.person import DenyingAuthorizer
from agent_host.types import ConcurrencyPolicy, SessionPolicy, Turn
from agent_host_openai import OpenAIChannel
from agent_host_openai.outbound import from_error
from tests.channels.openai.agent import assist
from tests.channels.openai.hosting import BAD_KEY, Hosted, hosted


@pytest.fixture
async def served() -> AsyncIterator[Hosted]:
    async with hosted(assist) as found:
        yield found


async def test_nobody(served: Hosted) -> None:
    with pytest.raises(AuthenticationError) as refused:
        await served.speaking_as(BAD_KEY).responses.create(input="hi")
    assert refused.value.code == "invalid_api_key"
    assert refused.value.type == "authentication_error"
    assert refused.value.response.headers["www-authenticate"].startswith("Bearer")


async def test_who_may_not() -> None:
    async with hosted(assist, authorizer=DenyingAuthorizer()) as served:
        for attempt in (
            served.openai.responses.create(input="hi"),
            served.openai.models.list(),
            served.openai.conversations.create(),
        ):
            with pytest.raises(PermissionDeniedError):
                await attempt


async def test_nothing_there(served: Hosted) -> None:
    with pytest.raises(NotFoundError) as missing:
        await served.openai.responses.retrieve("resp_1")
    assert missing.value.type == "invalid_request_error"


async def test_what_no_host_can_answer_truly_is_said_to_be_not_offered(served: Hosted) -> None:
    responses = served.openai.responses
    for attempt, name in (
        (responses.input_tokens.count(model="assist", input="hi"), "/responses/input_tokens"),
        (responses.compact(model="assist", input="hi"), "/responses/compact"),
    ):
        with pytest.raises(NotFoundError, match=f"{name} is not offered here: ") as refused:
            await attempt
        assert refused.value.code == "not_offered"


async def test_a_failure_is_told_without_its_cause_and_not_repeated(served: Hosted) -> None:
    client = served.openai.with_options(max_retries=3)
    for attempt in (
        client.responses.create(input="fail"),
        client.chat.completions.create(
            model="assist", messages=[{"role": "user", "content": "fail"}]
        ),
    ):
        with pytest.raises(InternalServerError) as failed:
            await attempt
        assert "swordfish" not in str(failed.value)
        assert failed.value.response.headers["x-should-retry"] == "false"
        assert failed.value.request_id is not None


async def test_a_refusal_is_the_callers_affair(served: Hosted) -> None:
    with pytest.raises(BadRequestError, match="I will not do that") as refused:
        await served.openai.responses.create(input="refuse")
    assert refused.value.code == "invalid_prompt"


async def test_a_busy_model_is_not_the_callers_fault(served: Hosted) -> None:
    with pytest.raises(InternalServerError) as busy:
        await served.openai.responses.create(input="limit")
    assert busy.value.status_code == 503
    assert busy.value.response.headers["retry-after"]


async def test_a_busy_session() -> None:
    policy = SessionPolicy(concurrency=ConcurrencyPolicy.REJECT)
    async with hosted(assist, session_policy=policy) as served:
        made = await served.openai.conversations.create()
        waits = await served.openai.responses.create(
            conversation=made.id, input="wait", background=True
        )
        with pytest.raises(ConflictError):
            await served.openai.responses.create(conversation=made.id, input="hi")
        await served.openai.responses.cancel(waits.id)


async def test_a_full_queue() -> None:
    policy = SessionPolicy(queue_limit=0)
    async with hosted(assist, session_policy=policy) as served:
        made = await served.openai.conversations.create()
        waits = await served.openai.responses.create(
            conversation=made.id, input="wait", background=True
        )
        with pytest.raises(RateLimitError) as refused:
            await served.openai.responses.create(conversation=made.id, input="hi")
        await served.openai.responses.cancel(waits.id)
    assert refused.value.code == "rate_limit_exceeded"
    assert int(refused.value.response.headers["retry-after"]) >= 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 200])
async def test_a_body_that_is_none(served: Hosted, body: bytes) -> None:
    for path in ("/v1/responses", "/v1/chat/completions"):
        answered = await served.http.post(path, content=body)
        assert answered.status_code == 400
        assert set(answered.json()["error"]) == {"message", "type", "param", "code"}


async def test_a_body_that_is_too_large(served: Hosted) -> None:
    answered = await served.http.post("/v1/responses", content=b"x" * (9 * 1024 * 1024))
    assert answered.status_code == 413
    assert answered.json()["error"]["code"] == "too_large"


async def test_a_reused_key_with_another_request(served: Hosted) -> None:
    headers = {"Idempotency-Key": "k"}
    await served.openai.responses.create(input="hi", extra_headers=headers)
    with pytest.raises(BadRequestError) as refused:
        await served.openai.responses.create(input="ho", extra_headers=headers)
    assert refused.value.code == "idempotency_conflict"


async def test_a_drained_host_is_tried_again() -> None:
    async with unready() as client:
        with pytest.raises(InternalServerError) as refused:
            await client.responses.create(input="hi")
    assert refused.value.status_code == 503
    assert refused.value.response.headers["x-should-retry"] == "true"


@asynccontextmanager
async def unready() -> AsyncGenerator[AsyncOpenAI]:
    """A client of a host that takes nothing new."""

    async def never(_: Turn) -> str:
        return "never"

    host = AgentHost(never, channels=[OpenAIChannel()])
    transport = httpx2.ASGITransport(host.app)
    async with (
        httpx2.AsyncClient(transport=transport) as http,
        AsyncOpenAI(
            base_url="http://host/v1", api_key="a", http_client=http, max_retries=0
        ) as client,
    ):
        yield client


OF_ADMINISTRATORS: Final = ("agent_host.asgi.admin_error", "agent_host.errors.delivery")
"""No route of the channel raises one of those."""


@pytest.mark.parametrize(
    "kind", [kind for kind in ANSWERS if kind.__module__ not in OF_ADMINISTRATORS]
)
def test_every_error_has_the_status_that_problem_json_gives_it(kind: type[HostError]) -> None:
    """But for input that is not as documented, which OpenAI calls a bad request."""
    error = kind.__new__(kind)
    error.args = ("text",)
    if kind in {QueueFullError, TooManyRequestsError}:
        error.retry_after = timedelta(seconds=3)  # type: ignore[attr-defined]
    answer = from_error(error)
    expected = int(answer_for(error).status)
    ours = {422: 400, 431: 413}.get(expected, expected)
    assert answer.status == ours


@pytest.mark.parametrize("code", sorted(FAILURES))
def test_every_failure_has_the_status_that_problem_json_gives_it(code: str) -> None:
    error = RunFailedError("text", code=code, run_id="run_1")
    expected = int(FAILURES[code].status)
    assert from_error(error).status == {422: 400}.get(expected, expected)


def test_an_internal_error_says_its_correlation_id() -> None:
    error = new_internal_error()
    answer = from_error(error)
    assert answer.status == 500
    assert error.correlation_id.encode() in answer.body
