"""`POST /invocations` and wait: what comes back, and what is refused."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from agent_host.errors import FailureCode, TargetError, TargetRejectedError
from agent_host.types import (
    DisconnectPolicy,
    FilePart,
    Message,
    RunCompleted,
    RunEvent,
    RunPolicy,
    RunResult,
    StepFinished,
    StepStarted,
    TextDelta,
    TextPart,
    Turn,
    Usage,
    UsageReported,
)
from agent_host_rest import RestConfig
from agent_host_rest.wish import AGENTCORE_SESSION_HEADER
from tests.channels.rest.hosting import CALLER, hosted, only_run, sent_events, speaking_as


async def echo(text: str) -> str:
    return text


async def remember(turn: Turn) -> str:
    return " | ".join(message.text for message in turn.conversation_messages)


async def describe(turn: Turn) -> str:
    """What arrived, for tests to look at."""
    told: list[str] = []
    for part in turn.messages[-1].parts:
        match part:
            case TextPart():
                told.append(part.text)
            case FilePart():
                size = "-" if part.data is None else len(part.data)
                told.append(f"{part.name}:{part.media_type}:{size}:{part.uri}")
            case _:
                told.append(type(part).__name__)
    return ", ".join(told)


async def test_the_answer_is_the_run() -> None:
    async with hosted(echo) as client:
        response = await client.post("/invocations", json={"input": "hi", "metadata": {"a": 1}})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    run = response.json()
    assert run["status"] == "completed"
    assert run["output_text"] == "hi"
    assert run["messages"][0]["parts"] == [{"type": "text", "text": "hi"}]
    assert run["metadata"] == {"a": 1}
    assert response.headers["x-run-id"] == run["id"]
    assert response.headers["x-session-id"] == run["session_id"]


async def test_values_outputs_and_usage_arrive_whole() -> None:
    async def work(turn: Turn) -> AsyncIterator[RunEvent]:
        yield StepStarted(step_id="one")
        yield StepFinished(step_id="one", output={"n": 1})
        yield UsageReported(usage=Usage(input_tokens=3, requests=1))
        yield TextDelta(text=turn.text)
        yield RunCompleted(result=RunResult(value={"answer": 42}, metadata={"model": "m"}))

    async with hosted(work) as client:
        run = (await client.post("/invocations", json={"prompt": "hi"})).json()
    assert run["value"] == {"answer": 42}
    assert run["outputs"] == {"one": {"n": 1}}
    assert run["usage"]["input_tokens"] == 3
    assert run["output_text"] == "hi"
    assert run["result_metadata"] == {"model": "m"}


async def test_a_conversation_is_kept_under_a_name_or_an_id() -> None:
    async with hosted(remember) as client:
        first = await client.post("/invocations", json={"input": "one", "session_id": "mine"})
        second = await client.post(
            "/invocations",
            json={"input": "two"},
            headers={AGENTCORE_SESSION_HEADER: first.headers["x-session-id"]},
        )
        other = await client.post(
            "/invocations",
            json={"input": "two", "session_id": "mine"},
            headers=speaking_as("bob"),
        )
        unknown = await client.post("/invocations", json={"input": "x", "session_id": "ses_none"})
    assert second.json()["output_text"] == "one | one | two"
    assert second.json()["session_id"] == first.json()["session_id"]
    assert other.json()["output_text"] == "two"
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (TargetError("The cat ate it."), 500, "target_error"),
        (TargetRejectedError("I will not."), 422, "rejected"),
        (TargetError("Too slow.", code=FailureCode.TIMEOUT), 504, "timeout"),
        (
            TargetError("It is down.", code=FailureCode.DEPENDENCY, retryable=True),
            502,
            "dependency",
        ),
    ],
)
async def test_a_failed_run_is_a_problem_with_its_run(
    error: TargetError, status: int, code: str
) -> None:
    async def fail(text: str) -> str:
        del text
        raise error

    async with hosted(fail) as client:
        response = await client.post("/invocations", json={"input": "x"})
        problem = response.json()
        fetched = (await client.get(f"/invocations/{problem['run_id']}")).json()
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert (problem["code"], problem["detail"]) == (code, str(error))
    assert fetched["status"] == "failed"
    assert fetched["failure"]["message"] == str(error)
    assert fetched["output_text"] is None


async def test_an_exceptions_text_stays_inside() -> None:
    async def fail(text: str) -> str:
        raise ValueError(f"the password is {text}")

    async with hosted(fail) as client:
        response = await client.post("/invocations", json={"input": "hunter2"})
    assert response.status_code == 500
    assert "password" not in response.text
    assert "hunter2" not in response.text


async def test_inline_files_reach_the_agent() -> None:
    parts = [
        {"type": "text", "text": "see"},
        {"type": "file", "data": "AAAA", "media_type": "image/png", "name": "a.png"},
        {"type": "file", "uri": "data:text/x,ab"},
        {"type": "file", "uri": "https://example.com/c"},
    ]
    async with hosted(describe) as client:
        response = await client.post("/invocations", json={"input": {"parts": parts}})
    assert response.json()["output_text"] == (
        "see, a.png:image/png:3:None, None:text/x:2:None, "
        "None:application/octet-stream:-:https://example.com/c"
    )


async def test_uploaded_files_reach_the_agent() -> None:
    async with hosted(describe) as client:
        response = await client.post(
            "/invocations",
            data={"request": '{"input": "see"}'},
            files=[
                ("a", ("a.txt", b"x" * 2_000_000, "text/plain; charset=utf-8")),
                ("b", ("b.bin", b"", "application/octet-stream")),
            ],
        )
        as_file = await client.post(
            "/invocations", files={"request": ("r.json", b'{"input": "x"}', "application/json")}
        )
    assert response.json()["output_text"] == (
        "see, a.txt:text/plain:2000000:None, b.bin:application/octet-stream:0:None"
    )
    assert as_file.json()["output_text"] == "x"


async def test_a_bad_upload_is_refused() -> None:
    config = RestConfig(files_limit=1, file_limit_bytes=10)
    kind = {"content-type": "multipart/form-data; boundary=b"}
    body = {"request": '{"input": "x"}'}
    one, long = ("a.txt", b"a", "text/plain"), ("a.txt", b"a" * 11, "text/plain")
    async with hosted(describe, config=config) as client:

        async def status(**request: object) -> int:
            return (await client.post("/invocations", **request)).status_code  # type: ignore[arg-type]  # httpx's many keywords

        assert await status(files=[("a", one), ("b", one)], data=body) == 413
        assert await status(files=[("a", one)] * 5) == 413
        assert await status(files=[("a", long)]) == 413
        assert await status(files={"a": ("../a", b"", "text/plain")}, data=body) == 422
        assert await status(files={"a": one}, data={"req": "{}"}) == 422
        assert await status(files={"a": one}, data={"request": ["{}", "{}"]}) == 422
        assert await status(files={"a": one}, data={"request": "{"}) == 400
        assert await status(files={"a": one}) == 422
        assert await status(content=b"nonsense", headers=kind) == 400
        assert await status(content=b"", headers={"content-type": "multipart/form-data"}) == 400


async def test_a_body_over_the_limit_is_refused_however_it_comes() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b" " * 64

    config = RestConfig(body_limit_bytes=2048)
    async with hosted(echo, config=config) as client:
        announced = await client.post("/invocations", content=b" " * 4096)
        streamed = await client.post("/invocations", content=chunks())
        uploaded = await client.post("/invocations", files={"f": ("a", b"x" * 4096)})
        still = await client.post("/invocations", json={"input": "fine"})
    assert [announced.status_code, streamed.status_code, uploaded.status_code] == [413] * 3
    assert announced.json()["code"] == "too_large"
    assert still.json()["output_text"] == "fine"


async def test_media_types() -> None:
    async with hosted(echo) as client:
        for kind in ("application/json; charset=utf-8", "application/vnd.x+json"):
            response = await client.post(
                "/invocations", content=b'{"input":"x"}', headers={"content-type": kind}
            )
            assert response.status_code == 200
        assert (await client.post("/invocations", content=b'{"input":"x"}')).status_code == 200
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
            response = await client.post(
                "/invocations", content=b'{"input":"x"}', headers={"content-type": kind}
            )
            assert response.status_code == 415
            assert response.json()["code"] == "unsupported_media_type"


async def test_bad_input_is_a_problem_that_names_the_field() -> None:
    async with hosted(echo) as client:
        malformed = await client.post("/invocations", content=b"{")
        unknown = await client.post("/invocations", json={"inptu": "x"})
        listed = await client.post("/invocations", json=[])
    assert (malformed.status_code, malformed.json()["code"]) == (400, "invalid_request")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "invalid_input")
    assert unknown.json()["errors"] == [
        {"field": "inptu", "message": 'is not a known field; did you mean "input"?'}
    ]
    assert listed.status_code == 422


async def test_nobody_gets_in_without_a_name() -> None:
    async with hosted(echo) as client:
        for method, path in (
            ("POST", "/invocations"),
            ("GET", "/invocations"),
            ("GET", "/invocations/run_x"),
            ("GET", "/invocations/run_x/events"),
            ("POST", "/invocations/run_x/cancel"),
            ("POST", "/invocations/run_x/answer"),
            ("GET", "/sessions/x"),
            ("DELETE", "/sessions/x"),
            ("POST", "/sessions/x/reset"),
        ):
            response = await client.request(method, path, headers={CALLER: ""})
            assert response.status_code == 401
            assert response.headers["www-authenticate"] == "Test"


async def test_an_idempotency_key_runs_once() -> None:
    calls: list[str] = []

    async def count(text: str) -> str:
        calls.append(text)
        return f"{text} {len(calls)}"

    async with hosted(count) as client:
        key = {"idempotency-key": '"k1"'}
        first = await client.post("/invocations", json={"input": "a"}, headers=key)
        again = await client.post("/invocations", json={"input": "a"}, headers=key)
        other = await client.post("/invocations", json={"input": "b"}, headers=key)
        bob = await client.post(
            "/invocations", json={"input": "a"}, headers={**key, **speaking_as("bob")}
        )
        bad = await client.post(
            "/invocations", json={"input": "a"}, headers={"idempotency-key": ""}
        )
    assert again.json() == first.json()
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_conflict")
    assert bob.json()["output_text"] == "a 2"
    assert bad.status_code == 422
    assert calls == ["a", "a"]


@pytest.mark.parametrize("policy", DisconnectPolicy)
async def test_leaving_while_waiting_ends_the_run_only_by_policy(policy: DisconnectPolicy) -> None:
    began, finish = asyncio.Event(), asyncio.Event()

    async def slow(text: str) -> str:
        began.set()
        await finish.wait()
        return text

    limits = RunPolicy(on_disconnect=policy, cancel_grace=timedelta(milliseconds=1))
    async with hosted(slow, run_policy=limits) as client:
        async with asyncio.TaskGroup() as group:
            call = group.create_task(client.post("/invocations", json={"input": "x"}))
            await began.wait()
            run_id = await only_run(client)
            call.cancel()
        if policy is DisconnectPolicy.CONTINUE:
            finish.set()
        events = sent_events((await client.get(f"/invocations/{run_id}/events")).text)
    wanted = "run_cancelled" if policy is DisconnectPolicy.CANCEL else "run_completed"
    assert events[-1].type == wanted


async def test_a_prefix_moves_everything() -> None:
    async with hosted(echo, config=RestConfig(path_prefix="/api")) as client:
        response = await client.post("/api/invocations", json={"input": "x", "background": True})
        assert response.headers["location"].startswith("/api/invocations/run_")
        assert (await client.get(response.json()["links"]["events"])).status_code == 200
        assert (await client.get("/invocations")).status_code == 404
        assert (await client.get("/api/")).headers["location"] == "/api/docs"


async def test_messages_arrive_in_order() -> None:
    seen: list[Message] = []

    async def keep(turn: Turn) -> str:
        seen.extend(turn.messages)
        return "ok"

    async with hosted(keep) as client:
        await client.post(
            "/invocations",
            json={"input": ["a", {"role": "assistant", "content": "b"}, {"content": "c"}]},
        )
    assert [(message.role, message.text) for message in seen] == [
        ("user", "a"),
        ("assistant", "b"),
        ("user", "c"),
    ]
