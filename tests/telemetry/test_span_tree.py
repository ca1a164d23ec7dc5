"""What one request looks like as a trace."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from opentelemetry.trace import SpanKind, StatusCode

from agent_host import AgentHost
from agent_host.types import (
    Answer,
    InputRequired,
    Question,
    QuestionId,
    RunEvent,
    RunPolicy,
    RunStatus,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    Turn,
)
from agent_host_rest import RestChannel
from tests.host.harness import events_of, finished, hosted, request, runs_of
from tests.telemetry.recording import Recording, attributes_of, context_of, parent_of
from tests.telemetry.target import Gated, ToolUser, busy, echo

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"
COMMIT = "store commit"


@asynccontextmanager
async def client_of(target: object, recording: Recording) -> AsyncGenerator[httpx.AsyncClient]:
    host = AgentHost(target, channels=[RestChannel()], telemetry=recording.telemetry)
    transport = httpx.ASGITransport(host.app)
    async with host, httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_a_request_is_one_trace_down_to_its_tools() -> None:
    recording = Recording()
    async with client_of(ToolUser(), recording) as client:
        headers = {"traceparent": TRACEPARENT}
        answer = await client.post("/invocations", json={"input": "hi"}, headers=headers)
    assert recording.tree() == {
        "POST /invocations": {
            "run": {
                "invoke_agent helper": {"execute_tool search": {}, "execute_tool order": {}},
                COMMIT: {},
            }
        }
    }
    assert {f"{context_of(span).trace_id:032x}" for span in recording.spans} == {TRACE}

    server = recording.one("POST")
    assert server.kind is SpanKind.SERVER
    assert attributes_of(server) == {
        "http.request.method": "POST",
        "url.scheme": "http",
        "http.route": "/invocations",
        "http.response.status_code": 200,
    }
    run = attributes_of(recording.one("run"))
    assert run["agent_host.run.id"] == answer.json()["id"]
    assert run["agent_host.run.status"] == "completed"
    assert run["agent_host.channel"] == "rest"
    agent = attributes_of(recording.one("invoke_agent"))
    assert agent["gen_ai.operation.name"] == "invoke_agent"
    assert agent["gen_ai.agent.name"] == "helper"
    assert agent["gen_ai.conversation.id"] == answer.json()["session_id"]
    assert agent["gen_ai.usage.input_tokens"] == 40
    assert agent["gen_ai.usage.output_tokens"] == 5
    assert agent["gen_ai.usage.reasoning.output_tokens"] == 2
    tools = {span.name: span for span in recording.named("execute_tool")}
    assert tools["execute_tool order"].status.status_code is StatusCode.ERROR
    assert tools["execute_tool search"].status.status_code is StatusCode.UNSET


async def test_a_failure_is_told_by_its_class() -> None:
    recording = Recording()
    async with client_of(busy, recording) as client:
        await client.post("/invocations", json={"input": "hi"})
    for name in ("run", "invoke_agent"):
        span = recording.one(name)
        assert span.status.status_code is StatusCode.ERROR
        assert attributes_of(span)["error.type"] == "rate_limit"
        assert not span.events, "an exception's text is not ours to tell"
    assert attributes_of(recording.one("run"))["agent_host.failure.code"] == "rate_limit"


async def test_what_the_guard_refuses_is_seen_too() -> None:
    recording = Recording()
    async with client_of(echo, recording) as client:
        await client.post("/invocations", content=b"x" * (9 * 1024 * 1024))
        await client.get("/invocations/run_unknown/secret-path")
        await client.get("/healthz")
    statuses = [
        (span.name, attributes_of(span)["http.response.status_code"]) for span in recording.spans
    ]
    assert statuses == [("POST /invocations", 413), ("GET", 404)]


async def test_a_caller_that_is_not_trusted_is_linked_to() -> None:
    recording = Recording(trusts_callers=False)
    async with client_of(echo, recording) as client:
        await client.post(
            "/invocations", json={"input": "hi"}, headers={"traceparent": TRACEPARENT}
        )
    server = recording.one("POST")
    assert server.parent is None
    assert [f"{link.context.trace_id:032x}" for link in server.links] == [TRACE]


@pytest.mark.parametrize("sent", ["", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
async def test_a_damaged_trace_header_begins_a_trace(sent: str) -> None:
    recording = Recording()
    async with client_of(echo, recording) as client:
        headers = {"traceparent": sent, "baggage": "who=me"}
        await client.post("/invocations", json={"input": "hi"}, headers=headers)
    assert recording.one("POST").parent is None


async def test_what_the_target_starts_is_within_its_span() -> None:
    recording = Recording()
    tracer = recording.telemetry.tracer_provider.get_tracer("mine")

    async def agent(text: str) -> AsyncIterator[str]:
        with tracer.start_as_current_span("model call"):
            yield text
        await asyncio.gather(*(asyncio.ensure_future(_in_a_task(tracer)) for _ in range(1)))
        yield "!"

    async with hosted(agent, telemetry=recording.telemetry) as context:
        await context.run(request("x"))
    agent_id = context_of(recording.one("invoke_agent")).span_id
    assert parent_of(recording.one("model call")) == agent_id
    assert parent_of(recording.one("in a task")) == agent_id
    assert {parent_of(span) for span in recording.named(COMMIT)} == {
        context_of(recording.one("run")).span_id
    }


async def _in_a_task(tracer: Any) -> None:
    with tracer.start_as_current_span("in a task"):
        await asyncio.sleep(0)


class Asking:
    """Asks once, as a generator that waits."""

    description = TargetDescription(name="asking")
    capabilities = TargetCapabilities(streams=True)

    async def run(self, turn: Turn) -> AsyncGenerator[RunEvent, Answer | None]:
        question = Question(id=QuestionId("q"), prompt="sure?", schema={"type": "string"})
        answer = yield InputRequired(questions=(question,))
        assert answer is not None
        yield TextDelta(text=str(answer.values[QuestionId("q")]))


async def test_an_answer_reaches_a_generator_through_its_span() -> None:
    recording = Recording()
    async with hosted(Asking(), telemetry=recording.telemetry) as context:
        asked = await context.run(request("x"))
        assert asked.run.status is RunStatus.INPUT_REQUIRED
        await (await runs_of(context)).answer(asked.run.id, {"q": "yes"})
        outcome = await finished(context, asked.run.id)
    assert outcome.result is not None
    assert outcome.result.text == "yes"
    assert attributes_of(recording.one("run"))["agent_host.run.status"] == "completed"


async def test_a_cancelled_run_ends_its_spans() -> None:
    recording, target = Recording(), Gated()
    policy = RunPolicy(cancel_grace=timedelta(seconds=0.01))
    async with hosted(target, telemetry=recording.telemetry, run_policy=policy) as context:
        waiting = asyncio.ensure_future(context.run(request("x")))
        await target.began.wait()
        view = await runs_of(context)
        while not (stored := (await view.list()).items):
            await asyncio.sleep(0)
        (run,) = stored
        await view.cancel(run.id)
        await waiting
        assert [type(event).__name__ for event in await events_of(context, run.id)][-1] == (
            "RunCancelled"
        )
    assert recording.one("invoke_agent").end_time is not None
    assert attributes_of(recording.one("run"))["agent_host.run.status"] == "cancelled"
