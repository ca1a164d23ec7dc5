"""The same rules on websocket routes."""

import logging
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response
from starlette.routing import WebSocketRoute
from starlette.types import Message
from starlette.websockets import WebSocket

from agent_host.asgi.guard import access_of
from agent_host.context import current_principal
from agent_host.errors import HostError, NotFoundError, RunFailedError
from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.testing.live_server import ServerName, live_server
from tests.asgi.edge import application, websocket_session

DENIAL = "websocket.http.response"
ANNA = (b"authorization", b"Bearer anna")
UPGRADE = {
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
}


async def who(websocket: WebSocket) -> None:
    await websocket.accept()
    principal = current_principal.get()
    await websocket.send_text(principal.id if principal else "nobody")
    await websocket.close()


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    while True:
        await websocket.send_text(await websocket.receive_text())


async def refuse(websocket: WebSocket) -> None:
    del websocket
    what = "room"
    raise NotFoundError(what)


def app_with(endpoint: Any, *, access: RouteAccess = RouteAccess.PUBLIC, **rest: Any) -> Starlette:
    route = WebSocketRoute("/", endpoint)
    return application(ChannelRoute(route=route, access=access, **rest))


def last(sent: list[Message]) -> tuple[int, str]:
    assert sent[-1]["type"] == "websocket.close"
    return sent[-1]["code"], sent[-1]["reason"]


async def test_a_caller_is_known_in_the_endpoint() -> None:
    sent = await websocket_session(app_with(who, access=RouteAccess.CALLER), headers=[ANNA])

    assert [message.get("text") for message in sent[1:2]] == ["anna"]
    assert current_principal.get() is None


async def test_nobody_is_authenticated_where_the_route_does_not_ask() -> None:
    sent = await websocket_session(app_with(who), headers=[ANNA])

    assert sent[1]["text"] == "nobody"


async def test_a_caller_without_proof_is_closed_on() -> None:
    sent = await websocket_session(app_with(who, access=RouteAccess.CALLER))

    assert [message["type"] for message in sent] == ["websocket.close"]
    assert last(sent) == (4401, "unauthenticated")


async def test_a_caller_without_proof_gets_a_response_where_the_server_can_send_one() -> None:
    sent = await websocket_session(app_with(who, access=RouteAccess.CALLER), extensions=[DENIAL])

    assert sent[0]["type"] == "websocket.http.response.start"
    assert sent[0]["status"] == 401
    assert (b"www-authenticate", b'Bearer realm="test"') in sent[0]["headers"]


@pytest.mark.parametrize("server", ["hypercorn", "uvicorn", "granian"])
async def test_a_refused_handshake_is_plain_http_on_a_real_server(server: ServerName) -> None:
    app = app_with(who, access=RouteAccess.CALLER)
    async with live_server(app, server=server) as url, httpx.AsyncClient(base_url=url) as client:
        response = await client.get("/", headers=UPGRADE)

    # granian cannot send a response of the application's here
    assert response.status_code in ({401} if server != "granian" else {401, 403})


async def test_an_error_before_the_handshake_is_told_in_the_routes_own_words() -> None:
    async def render(connection: HTTPConnection, error: HostError) -> Response:
        return PlainTextResponse(f"{connection.scope['type']} {error.code}", status_code=418)

    sent = await websocket_session(app_with(refuse, render_error=render), extensions=[DENIAL])

    assert sent[0]["status"] == 418
    assert sent[1]["body"] == b"websocket not_found"


@pytest.mark.parametrize(
    ("error", "close"),
    [
        (NotFoundError("room"), (4404, "not_found")),
        (RunFailedError("It took too long.", code="timeout", run_id="run_1"), (4504, "timeout")),
    ],
)
async def test_an_error_after_the_handshake_closes_with_a_code_that_says_why(
    error: HostError, close: tuple[int, str]
) -> None:
    async def fail(websocket: WebSocket) -> None:
        await websocket.accept()
        raise error

    assert last(await websocket_session(app_with(fail))) == close


async def test_a_failure_after_the_handshake_shows_a_correlation_id(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(websocket: WebSocket) -> None:
        await websocket.accept()
        message = "hunter2"
        raise RuntimeError(message)

    code, reason = last(await websocket_session(app_with(fail)))

    assert code == 1011
    assert reason in caplog.text
    assert "hunter2" not in reason


async def test_a_failure_after_the_endpoint_closed_is_only_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()
        message = "too late"
        raise RuntimeError(message)

    sent = await websocket_session(app_with(fail))

    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.close"]
    assert "too late" in caplog.text


@pytest.mark.parametrize(
    "message",
    [{"text": "é" * 501}, {"bytes": b"x" * 1001}],
    ids=["text counts in bytes", "bytes"],
)
async def test_a_message_that_is_too_long_ends_the_connection(message: dict[str, Any]) -> None:
    incoming = {"type": "websocket.receive", **message}

    assert last(await websocket_session(app_with(echo), incoming)) == (4413, "too_large")


async def test_messages_up_to_the_limit_pass_however_many_there_are() -> None:
    incoming = {"type": "websocket.receive", "text": "x" * 1000}

    sent = await websocket_session(app_with(echo), incoming, incoming, incoming)

    assert len(sent) == 4


async def test_a_client_that_leaves_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    sent = await websocket_session(app_with(echo))

    assert [message["type"] for message in sent] == ["websocket.accept"]
    assert caplog.text == ""


def test_a_guarded_websocket_says_who_may_reach_it() -> None:
    app = app_with(who, access=RouteAccess.SIGNED)

    assert [access_of(route) for route in app.routes] == [RouteAccess.SIGNED]
