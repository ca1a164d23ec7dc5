"""What the contract suite cannot know: the wire of this channel, and its signature."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from agent_host import AgentHost
from agent_host.errors import ConfigurationError, HostError, InvalidInputError, UnauthenticatedError
from agent_host.testing.live_server import live_server
from agent_host.testing.person import PersonAuthenticator, as_person
from agent_host.testing.socket_client import SocketClosedError, SocketRefusedError, open_socket
from agent_host.types import NONE, Answer, InputRequired, Question, RunCancelled, RunEvent, Turn
from agent_host_text_line import TextLineChannel, TextLineConfig
from agent_host_text_line.inbound import to_line, to_request
from agent_host_text_line.outbound import from_error
from agent_host_text_line.testing import PATH, TextLineDriver
from agent_host_text_line.verify import WINDOW, sign, verify

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOCKET = f"{PATH}/ws"
ALICE = as_person("alice")


@asynccontextmanager
async def hosted(target: object) -> AsyncGenerator[httpx.AsyncClient]:
    host = AgentHost(
        target,
        channels=[TextLineDriver().make_channel()],
        authenticator=PersonAuthenticator(),
    )
    async with live_server(host.app) as url, httpx.AsyncClient(base_url=url) as client:
        yield client


async def words(turn: Turn) -> AsyncIterator[str]:
    for message in turn.conversation_messages:
        if message.role == "user":
            yield f"{message.text};"


async def ask(text: str) -> AsyncGenerator[str | RunEvent, Answer]:
    answer = yield InputRequired(questions=(Question(prompt=f"Why {text}?"),))
    yield str(answer.value)


async def stop(text: str) -> AsyncIterator[RunEvent]:
    yield RunCancelled()


async def fail(text: str) -> str:
    message = "with a reason of its own"
    raise RuntimeError(message)


async def send(client: httpx.AsyncClient, message_id: str, text: str) -> httpx.Response:
    body = f"id: {message_id}\nfrom: ada\nthread: home\n\n{text}".encode()
    headers = TextLineDriver().headers(body, person="ada")
    return await client.post(PATH, content=body, headers=headers)


def test_it_does_not_start_without_a_secret() -> None:
    with pytest.raises(ConfigurationError, match="`secret`"):
        TextLineChannel()


async def test_a_message_that_comes_twice_is_answered_once() -> None:
    async with hosted(words) as client:
        first = await send(client, "m-1", "hello")
        again = await send(client, "m-1", "hello")
        other = await send(client, "m-1", "another text")
        second = await send(client, "m-2", "bye")
    assert first.text == again.text == "hello;"
    assert other.status_code == 400
    assert other.text.startswith("!idempotency_conflict: ")
    assert second.text == "hello;bye;"


async def test_an_answer_that_goes_elsewhere_leaves_the_run() -> None:
    async def keep(turn: Turn) -> str:
        turn.route.send_to(NONE)
        return "for nobody"

    async with hosted(keep) as client:
        answer = await send(client, "m-1", "hello")
    assert answer.status_code == 202
    assert "(run_" in answer.text
    assert "for nobody" not in answer.text


async def test_a_question_is_shown_and_the_thread_goes_on() -> None:
    async with hosted(ask) as client:
        asked = await send(client, "m-1", "not")
        again = await send(client, "m-2", "so")
    assert asked.status_code == again.status_code == 409
    assert asked.text.endswith("Why not?")
    assert again.text.endswith("Why so?")


async def test_a_run_that_stops_itself_says_so() -> None:
    async with hosted(stop) as client:
        answer = await send(client, "m-1", "hello")
    assert answer.text.startswith("!cancelled: ")


async def test_a_socket_streams_and_remembers_its_thread() -> None:
    async with hosted(words) as client:
        url = str(client.base_url)
        async with open_socket(url, f"{SOCKET}?thread=home", headers=ALICE) as socket:
            await socket.send("one")
            assert [await socket.receive() for _ in range(2)] == ["+one;", "."]
            await socket.send("two")
            assert [await socket.receive() for _ in range(3)] == ["+one;", "+two;", "."]


@pytest.mark.parametrize(
    ("target", "said"), [(fail, "!target_error: "), (stop, "!cancelled: "), (ask, "!question: ")]
)
async def test_a_socket_says_what_went_wrong_and_stays_open(target: object, said: str) -> None:
    async with (
        hosted(target) as client,
        open_socket(str(client.base_url), SOCKET, headers=ALICE) as socket,
    ):
        for _ in range(2):
            await socket.send("hello")
            answer = await socket.receive()
            assert answer.startswith(said)
            assert "reason of its own" not in answer


async def test_a_socket_refuses_strangers_bad_threads_and_what_is_too_large() -> None:
    async with hosted(words) as client:
        url = str(client.base_url)
        with pytest.raises(SocketRefusedError) as refused:
            async with open_socket(url, SOCKET):
                pass
        assert refused.value.status == 401
        async with open_socket(url, f"{SOCKET}?thread=a/b", headers=ALICE) as socket:
            await socket.send("hello")
            assert (await socket.receive()).startswith("!invalid_input: A thread")
        async with open_socket(url, SOCKET, headers=ALICE) as socket:
            await socket.send("")
            assert await socket.receive() == "!invalid_input: Say something."
            await socket.send("x" * 70_000)
            with pytest.raises(SocketClosedError) as closed:
                await socket.receive()
        assert closed.value.code == 4413


HEADER = sign(b"Hi!", secret="new", account="main", at=NOW)
GENUINE: dict[str, Any] = {
    "body": b"Hi!",
    "header": HEADER,
    "secrets": ("new",),
    "account": "main",
    "now": NOW,
}


@pytest.mark.parametrize("changes", [{}, {"secrets": ("newer", "new")}, {"now": NOW + WINDOW}])
def test_a_genuine_message_passes(changes: dict[str, Any]) -> None:
    verify(**{**GENUINE, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"body": b"Hi?"},
        {"account": "other"},
        {"secrets": ("other",)},
        {"now": NOW + WINDOW + timedelta(seconds=1)},
        {"now": NOW - WINDOW - timedelta(seconds=1)},
        {"header": ""},
        {"header": HEADER[:-1]},
        {"header": HEADER + "\n"},
    ],
)
def test_a_signature_is_of_this_body_this_account_and_now(changes: dict[str, Any]) -> None:
    with pytest.raises(UnauthenticatedError):
        verify(**{**GENUINE, **changes})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\n\nHi",
        b"id: 1\nfrom: a\n\nHi",
        b"id: 1\nid: 2\nfrom: a\nthread: t\n\nHi",
        b"id: 1\nfrom: a\nthread: t\nmore: x\n\nHi",
        b"id: 1\nfrom: a b\nthread: t\n\nHi",
        b"id: 1\nfrom: a\nthread: t\n\n",
    ],
)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInputError):
        to_line(body)


@given(st.text(min_size=1))
def test_text_comes_through_as_it_is(text: str) -> None:
    line = to_line(f"id: 1\nfrom: a\nthread: t\n\n{text}".encode("utf-8", "replace"))
    request = to_request(line, channel="text_line", account="main")
    assert request.input[0].text == text.encode("utf-8", "replace").decode()


def test_what_only_the_operator_can_mend_is_a_server_error() -> None:
    assert from_error(HostError("Something went wrong."))[1] == 500


def test_settings_refuse_a_short_secret() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        TextLineConfig(secret=SecretStr("short"))
