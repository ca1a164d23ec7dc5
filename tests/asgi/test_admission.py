"""Scopes at the door, and requests that end because what their caller proved does."""

import asyncio
from collections.abc import AsyncGenerator

import httpx
import pytest
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import WebSocketRoute
from starlette.types import Message
from starlette.websockets import WebSocket

from agent_host.context import current_principal
from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.testing.live_server import live_server
from agent_host.testing.socket_client import SocketClosedError, open_socket
from agent_host.types import Principal
from agent_host.types.proof import Proof
from tests.asgi.edge import Endpoint, application, channel_route, http_scope, websocket_session


class ProofAuthenticator:
    """Gives everybody the same proof."""

    admits_anyone = False
    challenge = 'Bearer realm="test"'

    def __init__(self, *scopes: str) -> None:
        scopes = scopes or ("call",)
        self.proof = Proof(Principal(id="anna", kind="api_key", scopes=frozenset(scopes)))

    async def authenticate(self, connection: HTTPConnection) -> Proof:
        return self.proof


async def who(request: Request) -> Response:
    principal = current_principal.get()
    return PlainTextResponse(principal.id if principal else "nobody")


def client_of(
    endpoint: Endpoint, authenticator: ProofAuthenticator, access: RouteAccess = RouteAccess.CALLER
) -> httpx.AsyncClient:
    app = application(channel_route(endpoint, access=access), authenticator=authenticator)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://host")


@pytest.mark.parametrize(
    ("scopes", "access", "missing"),
    [
        (("call",), RouteAccess.CALLER, None),
        (("admin",), RouteAccess.ADMIN, None),
        (("admin", "call"), RouteAccess.CALLER, None),
        (("admin", "call"), RouteAccess.ADMIN, None),
        (("admin",), RouteAccess.CALLER, "call"),
        (("call",), RouteAccess.ADMIN, "admin"),
        (("other",), RouteAccess.CALLER, "call"),
        (("other",), RouteAccess.ADMIN, "admin"),
        (("other",), RouteAccess.PUBLIC, None),
    ],
)
async def test_a_route_asks_for_its_scope_and_for_no_other(
    scopes: tuple[str, ...], access: RouteAccess, missing: str | None
) -> None:
    async with client_of(who, ProofAuthenticator(*scopes), access) as client:
        response = await client.get("/")

    if missing is None:
        assert response.status_code == 200
    else:
        assert response.status_code == 403
        assert response.json()["code"] == "insufficient_scope"
        assert response.headers["www-authenticate"] == (
            f'Bearer realm="test", error="insufficient_scope", scope="{missing}"'
        )


async def test_the_principal_of_a_proof_is_known_and_nothing_is_left_behind() -> None:
    authenticator = ProofAuthenticator()
    async with client_of(who, authenticator) as client:
        assert (await client.get("/")).text == "anna"

    assert not authenticator.proof.watched
    assert current_principal.get() is None


async def test_a_proof_that_has_ended_lets_nobody_in() -> None:
    authenticator = ProofAuthenticator()
    authenticator.proof.end()
    async with client_of(who, authenticator) as client:
        response = await client.get("/")

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="test", error="invalid_token"'


async def test_a_caller_that_waits_is_told_when_its_proof_ends() -> None:
    authenticator = ProofAuthenticator()

    async def never(request: Request) -> Response:
        asyncio.get_running_loop().call_soon(authenticator.proof.end)
        await asyncio.Event().wait()
        raise AssertionError

    async with client_of(never, authenticator) as client:
        response = await client.get("/")

    assert response.status_code == 401
    assert response.json()["detail"] == "The credential is no longer valid."
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_all_requests_of_a_proof_end_and_those_of_another_go_on() -> None:
    proofs = {name: Proof(Principal(id=name, kind="api_key")) for name in ("anna", "bob")}
    arrived = asyncio.Barrier(5)
    go_on = asyncio.Event()

    class ByName(ProofAuthenticator):
        async def authenticate(self, connection: HTTPConnection) -> Proof:
            return proofs[connection.headers["name"]]

    async def wait(request: Request) -> Response:
        await arrived.wait()
        await go_on.wait()
        return PlainTextResponse("went on")

    async with client_of(wait, ByName()) as client:

        async def ask(name: str) -> int:
            return (await client.get("/", headers={"name": name})).status_code

        async with asyncio.TaskGroup() as group:
            annas = [group.create_task(ask("anna")) for _ in range(3)]
            bob = group.create_task(ask("bob"))
            await arrived.wait()
            proofs["anna"].end()
            assert [await one for one in annas] == [401, 401, 401]
            go_on.set()
            assert await bob == 200


async def test_a_stream_is_cut_when_the_proof_ends() -> None:
    authenticator = ProofAuthenticator()

    async def chunks() -> AsyncGenerator[bytes]:
        yield b"first"
        await asyncio.Event().wait()

    async def stream(request: Request) -> Response:
        return StreamingResponse(chunks())

    app = application(channel_route(stream, access=RouteAccess.CALLER), authenticator=authenticator)
    async with (
        live_server(app) as url,
        httpx.AsyncClient(base_url=url) as client,
        client.stream("GET", "/") as response,
    ):
        pieces = response.aiter_raw()
        assert await anext(pieces) == b"first"
        authenticator.proof.end()
        with pytest.raises(httpx.RemoteProtocolError):
            await anext(pieces)


async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    while True:
        await websocket.send_text(await websocket.receive_text())


async def test_a_websocket_is_closed_when_the_proof_ends() -> None:
    authenticator = ProofAuthenticator()
    route = ChannelRoute(route=WebSocketRoute("/", talk), access=RouteAccess.CALLER)
    app = application(route, authenticator=authenticator)
    async with live_server(app) as url, open_socket(url, "/") as socket:
        await socket.send("hello")
        assert await socket.receive() == "hello"
        authenticator.proof.end()
        with pytest.raises(SocketClosedError) as closed:
            await socket.receive()

    assert closed.value.code == 4401


async def test_a_websocket_is_refused_for_want_of_a_scope() -> None:
    route = ChannelRoute(route=WebSocketRoute("/", talk), access=RouteAccess.ADMIN)
    app = application(route, authenticator=ProofAuthenticator("call"))
    sent = await websocket_session(app, extensions=["websocket.http.response"])

    assert sent[0]["status"] == 403
    assert any(b"insufficient_scope" in value for _, value in sent[0]["headers"])


async def test_an_endpoint_that_closed_its_websocket_is_not_closed_again() -> None:
    authenticator = ProofAuthenticator()

    async def closes(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()
        asyncio.get_running_loop().call_soon(authenticator.proof.end)
        await asyncio.Event().wait()

    route = ChannelRoute(route=WebSocketRoute("/", closes), access=RouteAccess.CALLER)
    sent = await websocket_session(application(route, authenticator=authenticator))

    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.close"]


async def test_somebody_elses_cancellation_goes_on() -> None:
    """Also where the proof ends at the same moment."""
    authenticator = ProofAuthenticator()
    arrived = asyncio.Event()

    async def never(request: Request) -> Response:
        arrived.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        raise AssertionError

    async def receive() -> Message:
        return {"type": "http.request"}

    app = application(channel_route(never, access=RouteAccess.CALLER), authenticator=authenticator)
    for ends in (False, True):
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(app(http_scope("GET"), receive, send))
            await arrived.wait()
            if ends:
                authenticator.proof.end()
            serving.cancel()
        assert serving.cancelled()


async def test_an_endpoint_may_keep_its_cancellation_to_itself() -> None:
    authenticator = ProofAuthenticator()

    async def stubborn(request: Request) -> Response:
        asyncio.get_running_loop().call_soon(authenticator.proof.end)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return PlainTextResponse("all the same")
        raise AssertionError

    async with client_of(stubborn, authenticator) as client:
        assert (await client.get("/")).text == "all the same"

    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
