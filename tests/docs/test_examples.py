"""The examples, as their README says to run them."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agent_host.testing.live_server import live_server
from tests.docs.page import ROOT
from tests.docs.served import clean_environment, served

TIMEOUT_SECONDS = 30


def post(url: str, **body: Any) -> httpx.Response:
    return httpx.post(url, json=body, timeout=TIMEOUT_SECONDS)


def test_every_example_is_listed() -> None:
    listed = (ROOT / "examples" / "README.md").read_text("utf-8")
    for path in (ROOT / "examples").iterdir():
        if path.suffix == ".py" or (path / "pyproject.toml").exists():
            assert f"]({path.name}" in listed, path.name


def test_a_broken_stream_is_taken_up_again_and_nothing_is_missing() -> None:
    done = subprocess.run(
        [sys.executable, "examples/resume_stream.py"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    hung_up, meanwhile, back, verdict = done.stdout.splitlines()
    assert "slow and steady" in hung_up
    assert "sleeping hare" not in hung_up
    assert meanwhile == "meanwhile the run is running"
    assert "sleeping hare" in back
    assert verdict == "nothing is missing"


def test_two_accounts_are_linked_and_parted_as_the_document_says() -> None:
    done = subprocess.run(
        [sys.executable, "examples/link_accounts.py"],
        cwd=ROOT,
        env={**clean_environment(), "PYTHONPATH": ".:examples/third_party_channel"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout in (ROOT / "docs/security/linking.md").read_text("utf-8")


def test_questions_are_asked_checked_and_answered() -> None:
    with served("examples/questions.py:agent") as url:
        asked = post(f"{url}/invocations", input="Rome").json()
        assert asked["status"] == "input_required"
        answers = f"{url}/invocations/{asked['id']}/answer"
        assert post(answers, answer=100).status_code == 422
        approval = post(answers, answer=3).json()
        assert approval["questions"][0]["kind"] == "approval"
        assert "3 days" in approval["questions"][0]["prompt"]
        assert post(answers, answer=True).json()["output_text"] == "Rome: 3 days are booked."


def test_a_question_can_be_cancelled_instead() -> None:
    with served("examples/questions.py") as url:
        run_id = post(f"{url}/invocations", input="Rome").json()["id"]
        cancelled = post(f"{url}/invocations/{run_id}/cancel")
        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")


async def test_a_workflow_has_typed_input_steps_and_an_approval() -> None:
    import examples.workflow as example  # noqa: PLC0415 - imported where it is tested

    async with (
        live_server(example.create_host().app) as url,
        httpx.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS) as client,
    ):
        small = (await client.post("/invocations", json={"input": "refund 20 to ada"})).json()
        assert small["output_text"] == "20 paid to ada"
        assert small["outputs"]["check"] == {"approved": True, "by": "the rule"}
        assert small["outputs"]["pay"] == "20 paid to ada"

        large = (await client.post("/invocations", json={"input": "refund 250 to ada"})).json()
        assert large["status"] == "input_required"
        answered = await client.post(f"/invocations/{large['id']}/answer", json={"answer": False})
        assert answered.json()["output_text"] == "not paid"

        wrong = await client.post("/invocations", json={"input": "refund -5 to ada"})
        assert wrong.status_code == 422
        assert [problem["field"] for problem in wrong.json()["errors"]] == ["amount"]


def test_a_real_model_says_what_it_needs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agent_host.cli", "run", "examples/real_model.py:agent"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 2
    assert "Set OPENAI_API_KEY" in done.stderr
    assert "OPENAI_BASE_URL" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_real_model_answers_and_streams() -> None:
    double = ChatCompletions()
    app = Starlette(routes=[Route("/v1/chat/completions", double.answer, methods=["POST"])])
    async with live_server(app) as model_url:
        environ = {"OPENAI_BASE_URL": f"{model_url}/v1", "OPENAI_API_KEY": "sk-of-the-test"}
        with ExitStack() as stack:
            host = served("examples/real_model.py:agent", environ=environ)
            url = await asyncio.to_thread(stack.enter_context, host)
            async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS) as client:
                first = {"input": "What is the capital of France?", "session_id": "s"}
                answer = (await client.post("/invocations", json=first)).json()
                second = {"input": "And of Italy?", "session_id": "s", "stream": True}
                stream = (await client.post("/invocations", json=second)).text

    assert answer["output_text"] == "Message 1 of the conversation."
    assert answer["usage"]["input_tokens"] == 7
    assert stream.count("event: text_delta") > 1
    assert "event: run_completed" in stream
    assert double.tokens == {"Bearer sk-of-the-test"}
    asked = json.dumps([one for one in double.bodies[-1]["messages"] if one["role"] == "user"])
    assert asked.index("capital of France") < asked.index("And of Italy")


class ChatCompletions:
    """A model that says how many questions it has seen, and streams; it refuses anything else.

    https://platform.openai.com/docs/api-reference/chat
    """

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.tokens: set[str] = set()

    async def answer(self, request: Request) -> Response:
        body = await request.json()
        if not (body.get("model") and body.get("messages") and body.get("stream")):
            return JSONResponse({"error": {"message": "not streamed"}}, status_code=400)
        self.bodies.append(body)
        self.tokens.add(request.headers["authorization"])
        questions = sum(message["role"] == "user" for message in body["messages"])
        text = f"Message {questions} of the conversation."
        return StreamingResponse(self._chunks(body, text), media_type="text/event-stream")

    async def _chunks(self, body: dict[str, Any], text: str) -> AsyncIterator[str]:
        for piece in re.findall(r"\S+\s*", text):
            choice = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
            yield _chunk(body, [choice])
        last = {"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}
        yield _chunk(body, [last])
        yield _chunk(body, [], usage=True)
        yield "data: [DONE]\n\n"


def _chunk(body: dict[str, Any], choices: list[dict[str, Any]], *, usage: bool = False) -> str:
    chunk: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": body["model"],
        "choices": choices,
    }
    if usage:
        chunk["usage"] = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    return f"data: {json.dumps(chunk)}\n\n"
