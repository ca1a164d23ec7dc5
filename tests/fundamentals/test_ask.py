"""Host something and ask it: over HTTP, as a stream, in a conversation, on any server."""

from collections.abc import AsyncIterator

import pytest
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent_host.testing.live_server import ServerName
from agent_host.types import Turn
from tests.fundamentals.asking import events_in, hosted


async def test_host_a_function_and_ask_it() -> None:
    """A function from text to text is an agent. REST asks it with one POST."""

    async def agent(text: str) -> str:
        return f"You said: {text}"

    async with hosted(agent) as client:
        response = await client.post("/invocations", json={"input": "Hello!"})

    assert response.json()["output_text"] == "You said: Hello!"


async def test_stream_an_answer() -> None:
    """A generator's text is sent as it comes, as server-sent events that end with the whole."""

    async def agent(text: str) -> AsyncIterator[str]:
        for word in text.split():
            yield word

    async with hosted(agent) as client:
        response = await client.post("/invocations", json={"input": "one two", "stream": True})

    events = events_in(response.text)
    assert [event["text"] for event in events if event["type"] == "text_delta"] == ["one", "two"]
    assert events[-1]["type"] == "run_completed"


async def test_a_session_remembers() -> None:
    """Turns that name the same session are one conversation. The host keeps its history."""

    async def agent(turn: Turn) -> str:
        return f"{len(turn.conversation_messages)} messages so far"

    async with hosted(agent) as client:
        for text in ("Hello!", "And now?"):
            body = {"input": text, "session_id": "mine"}
            response = await client.post("/invocations", json=body)

    assert response.json()["output_text"] == "3 messages so far"


async def test_send_twice_do_once() -> None:
    """With an idempotency key a request that is repeated runs once and is answered the same."""
    heard: list[str] = []

    async def agent(text: str) -> str:
        heard.append(text)
        return f"answer {len(heard)}"

    async with hosted(agent) as client:
        headers = {"idempotency-key": "order-7"}
        first = await client.post("/invocations", json={"input": "buy"}, headers=headers)
        again = await client.post("/invocations", json={"input": "buy"}, headers=headers)

    assert first.json()["output_text"] == again.json()["output_text"] == "answer 1"
    assert heard == ["buy"]


class Signature:
    """ASGI middleware that signs every response."""

    def __init__(self, app: ASGIApp, *, name: str) -> None:
        self._app = app
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sign(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-served-by", self._name.encode())]
            await send(message)

        await self._app(scope, receive, sign)


async def test_add_middleware_of_your_own() -> None:
    """Starlette's middleware wraps the whole host, every channel and `/healthz` included."""

    async def agent(text: str) -> str:
        return text

    async with hosted(agent, middleware=[Middleware(Signature, name="me")]) as client:
        answer = await client.post("/invocations", json={"input": "Hello!"})
        health = await client.get("/healthz")

    assert answer.headers["x-served-by"] == health.headers["x-served-by"] == "me"


@pytest.mark.parametrize("server", ["uvicorn", "granian"])
async def test_use_another_server(server: ServerName) -> None:
    """`AgentHost(...).app` is an ASGI application: what Hypercorn serves, others can."""

    async def agent(text: str) -> str:
        return text

    async with hosted(agent, server=server) as client:
        response = await client.post("/invocations", json={"input": "Hello!"})

    assert response.json()["output_text"] == "Hello!"
