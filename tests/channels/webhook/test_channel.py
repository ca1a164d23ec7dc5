"""The channel over HTTP: acknowledged once it is stored, worked on once."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent_host import AgentHost
from agent_host.errors import ConfigurationError
from agent_host.testing.live_server import live_server
from agent_host.types import (
    NONE,
    InboundPolicy,
    InputRequired,
    Question,
    RunEvent,
    TextDelta,
    Turn,
)
from agent_host_webhook import WebhookChannel, WebhookConfig
from tests.contract.webhook_driver import endpoint, signed


class Notebook:
    """A target that notes what it was asked, and answers once it may."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.heard = asyncio.Semaphore(0)
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def run(self, turn: Turn) -> str:
        self.asked.append(turn.text)
        self.heard.release()
        await self.may_answer.wait()
        return turn.text.upper()


@asynccontextmanager
async def hosted(target: object, **options: Any) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of a host with two endpoints."""
    endpoints = (endpoint("now", reply="now"), endpoint("later"))
    channel = WebhookChannel(WebhookConfig(endpoints=endpoints))
    host = AgentHost(target, channels=[channel], **options)
    async with (
        live_server(host.app) as url,
        httpx.AsyncClient(base_url=f"{url}/webhooks", timeout=20) as client,
    ):
        yield client


def said(text: str, **fields: object) -> bytes:
    """An event, as the mapping of the endpoints has it."""
    data = {"text": text, "from": "alice", "thread": "one", **fields}
    return json.dumps({"type": "said", "data": data}).encode()


async def post(
    client: httpx.AsyncClient, path: str, body: bytes, *, event_id: str | None = None
) -> httpx.Response:
    """Send an event as its sender does."""
    return await client.post(path, content=body, headers=signed(body, event_id=event_id))


async def test_an_event_is_acknowledged_before_the_agent_answers() -> None:
    notebook = Notebook()
    notebook.may_answer.clear()
    async with hosted(notebook) as client:
        response = await post(client, "/later", said("hello"))
        assert response.status_code == HTTPStatus.ACCEPTED
        assert response.json()["duplicate"] is False
        assert response.json()["id"].startswith("evt_")
        await notebook.heard.acquire()
        notebook.may_answer.set()


async def test_an_event_that_is_sent_again_is_acknowledged_and_done_once() -> None:
    notebook = Notebook()
    async with hosted(notebook) as client:
        first, second = [
            (await post(client, "/later", said("hello"), event_id="msg_1")).json() for _ in range(2)
        ]
        await post(client, "/later", said("bye"), event_id="msg_2")
        await notebook.heard.acquire()
        await notebook.heard.acquire()
    assert first["id"] == second["id"]
    assert second["duplicate"] is True
    assert notebook.asked == ["hello", "bye"]


async def test_a_replay_is_answered_before_anything_of_it_is_parsed() -> None:
    notebook = Notebook()
    async with hosted(notebook) as client:
        first = await post(client, "/later", said("hello"), event_id="msg_1")
        await notebook.heard.acquire()
        replayed = await post(client, "/later", b"no JSON", event_id="msg_1")
        other = await post(client, "/later", b"no JSON", event_id="msg_2")
    assert replayed.status_code == HTTPStatus.ACCEPTED
    assert replayed.json() == {"id": first.json()["id"], "duplicate": True}
    assert other.status_code == HTTPStatus.BAD_REQUEST
    assert notebook.asked == ["hello"]


async def test_a_sender_that_waits_gets_the_answer_and_the_same_again() -> None:
    notebook = Notebook()
    async with hosted(notebook) as client:
        answers = [
            (await post(client, "/now", said("hello"), event_id="msg_1")).json() for _ in range(2)
        ]
    assert answers[0] == answers[1]
    assert answers[0]["output_text"] == "HELLO"
    assert notebook.asked == ["hello"]


async def test_a_question_is_told_to_whoever_waits_and_keeps_nobody_waiting() -> None:
    async def ask(turn: Turn) -> AsyncIterator[RunEvent]:
        if turn.text == "ask":
            yield InputRequired(questions=(Question(prompt="Sure?"),))
        yield TextDelta(text="done")

    async with hosted(ask) as client:
        asked = await post(client, "/now", said("ask"))
        after = await post(client, "/now", said("go on"))
    assert asked.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "question" in asked.json()["detail"]
    assert after.json()["output_text"] == "done"


async def test_a_sender_whose_answer_goes_elsewhere_is_shown_the_run() -> None:
    def for_nobody(turn: Turn) -> Turn:
        turn.route.send_to(NONE)
        return turn

    notebook = Notebook()
    notebook.may_answer.clear()
    async with hosted(notebook, run_hook=for_nobody) as client:
        waited = await post(client, "/now", said("hello"), event_id="msg_1")
        notebook.may_answer.set()
        again = await post(client, "/now", said("hello"), event_id="msg_1")
    assert waited.status_code == again.status_code == HTTPStatus.ACCEPTED
    run_id = waited.json()["run_id"]
    assert waited.json() == {"run_id": run_id, "status": "queued"}
    assert again.json() == {"run_id": run_id, "status": "completed"}
    assert notebook.asked == ["hello"]


async def test_a_failed_run_is_no_answer() -> None:
    async def fail(turn: Turn) -> str:
        raise RuntimeError(turn.text)

    async with hosted(fail) as client:
        response = await post(client, "/now", said("a secret"))
    assert response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "a secret" not in response.text


async def test_events_that_are_none_of_ours_need_not_be_sent_again() -> None:
    notebook = Notebook()
    async with hosted(notebook) as client:
        response = await post(client, "/later", b'{"type":"ping"}')
    assert (response.status_code, response.json()) == (HTTPStatus.OK, {"ignored": True})
    assert notebook.asked == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"no json", HTTPStatus.BAD_REQUEST),
        (b'{"type":"said","data":{}}', HTTPStatus.UNPROCESSABLE_ENTITY),
        (b"[" * 100 + b"]" * 100, HTTPStatus.BAD_REQUEST),
        (b'"' + b"a" * 1024 * 1024 + b'"', HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    ],
)
async def test_what_cannot_be_an_event_is_refused(body: bytes, status: HTTPStatus) -> None:
    async with hosted(Notebook()) as client:
        assert (await post(client, "/later", body)).status_code == status


async def test_what_is_not_signed_is_not_even_parsed() -> None:
    async with hosted(Notebook()) as client:
        answers = [
            await client.post("/later", content=body) for body in (b"no json", said("hello"))
        ]
        other = await client.post("/later", content=said("x"), headers=signed(said("y")))
        answers.append(other)
    assert {answer.status_code for answer in answers} == {HTTPStatus.UNAUTHORIZED}
    assert len({answer.content for answer in answers}) == 1


async def test_a_full_backlog_is_said_with_a_time_to_come_again() -> None:
    async with hosted(Notebook(), inbound_policy=InboundPolicy(backlog_limit=0)) as client:
        response = await post(client, "/later", said("hello"))
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.headers["retry-after"] == "10"


@pytest.mark.parametrize("config", [None, WebhookConfig()])
def test_a_channel_without_an_endpoint_is_refused(config: WebhookConfig | None) -> None:
    with pytest.raises(ConfigurationError, match="endpoints"):
        WebhookChannel(config)


def test_two_endpoints_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="one name"):
        WebhookConfig(endpoints=(endpoint("a"), endpoint("a")))


async def test_what_was_acknowledged_is_done_after_a_kill(tmp_path: Path) -> None:
    """A server that is killed as soon as it has acknowledged five events; the next one does them,
    each once, though the sender sends them all again.
    """
    url, first = await _server(tmp_path)
    async with httpx.AsyncClient(base_url=f"{url}/webhooks", timeout=20) as client:
        for number in range(5):
            body = said(str(number), thread=f"t{number}")
            answer = await post(client, "/later", body, event_id=f"msg_{number}")
            assert answer.status_code == HTTPStatus.ACCEPTED
    os.kill(first.pid, signal.SIGKILL)
    await first.wait()

    url, second = await _server(tmp_path)
    async with httpx.AsyncClient(base_url=f"{url}/webhooks", timeout=20) as client:
        for number in range(5):
            body = said(str(number), thread=f"t{number}")
            answer = await post(client, "/later", body, event_id=f"msg_{number}")
            assert answer.json()["duplicate"] is True
        last = await post(client, "/now", said("last", thread="t5"))
        assert last.status_code == HTTPStatus.OK
        assert second.stdout is not None
        done: list[str] = []
        while len(set(done)) < 6:
            done.append((await second.stdout.readline()).decode().strip())
    second.terminate()
    await second.wait()
    assert sorted(done) == ["0", "1", "2", "3", "4", "last"]


async def _server(folder: Path) -> tuple[str, asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.channels.webhook.server", str(folder), stdout=-1
    )
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip(), process
