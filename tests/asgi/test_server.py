"""Starting and stopping a server, in the order that its owner relies on."""

import asyncio
import gc
import logging
import socket
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from agent_host.asgi.server import ServerOptions, run_server, serve
from agent_host.errors import ConfigurationError
from agent_host.testing.live_server import ServerName, live_server
from tests.asgi.edge import connected


async def state(request: Request) -> Response:
    return PlainTextResponse(request.state.key)


def application(log: Callable[[str], None], *routes: Route | WebSocketRoute) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[dict[str, str]]:
        del app
        log("up")
        yield {"key": "from the lifespan"}
        log("down")

    return Starlette(routes=[Route("/", state), *routes], lifespan=lifespan)


@pytest.mark.parametrize("server", ["hypercorn", "uvicorn", "granian"])
async def test_the_same_application_runs_on_every_server(server: ServerName) -> None:
    log: list[str] = []
    async with (
        live_server(application(log.append), server=server) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        assert (await client.get("/")).text == "from the lifespan"
        assert log == ["up"]

    assert log == ["up", "down"]


async def test_a_failing_test_is_not_hidden_by_its_server() -> None:
    with pytest.raises(KeyError):
        async with live_server(application(print)):
            raise KeyError


async def test_it_goes_up_and_down_in_order() -> None:
    log: list[str] = []
    stop, listening = asyncio.Event(), asyncio.Event()

    def on_listening(url: str) -> None:
        log.append(f"listening on {url.rpartition(':')[0]}")
        listening.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(
            serve(
                application(log.append),
                ServerOptions(port=0),
                shutdown=stop,
                on_listening=on_listening,
                on_stopping=lambda: log.append("stopping"),
            )
        )
        await listening.wait()
        stop.set()

    assert log == ["up", "listening on http://127.0.0.1", "stopping", "down"]


async def test_a_port_in_use_is_found_before_the_application_starts() -> None:
    log: list[str] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port} .*AGENT_HOST_SERVER__PORT"):
            await serve(application(log.append), ServerOptions(port=port))

    assert log == []


async def test_a_port_that_is_taken_while_the_application_starts_is_found_too() -> None:
    log: list[str] = []
    taken: list[socket.socket] = []
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def take_the_port(event: str) -> None:
        log.append(event)
        if event == "up":
            taken.append(socket.create_server(("127.0.0.1", port)))

    with pytest.raises(ConfigurationError, match=f"port {port} "):
        await serve(application(take_the_port), ServerOptions(port=port))

    taken[0].close()
    assert log == ["up", "down"]


async def test_an_application_that_does_not_start_is_not_served() -> None:
    def fail(event: str) -> None:
        raise LookupError(event)

    with pytest.raises(LookupError, match="up"):
        async with live_server(application(fail)):
            pytest.fail("it was served")


async def test_stopping_before_it_is_up_ends_it() -> None:
    log: list[str] = []
    stop = asyncio.Event()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        del app
        stop.set()
        await asyncio.Event().wait()
        yield

    app = Starlette(lifespan=lifespan)
    await serve(app, ServerOptions(port=0), shutdown=stop, on_listening=log.append)

    assert log == []


async def test_being_cancelled_stops_it_in_order() -> None:
    log: list[str] = []
    listening = asyncio.Event()

    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(
            serve(
                application(log.append),
                ServerOptions(port=0),
                shutdown=asyncio.Event(),
                on_listening=lambda _: listening.set(),
            )
        )
        await listening.wait()
        serving.cancel()

    assert serving.cancelled()
    assert log == ["up", "down"]


async def open_websocket(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The handshake, and the first ping."""
    writer.write(
        b"GET /ws HTTP/1.1\r\nHost: host\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert b"101" in await reader.readuntil(b"\r\n\r\n")
    assert await reader.readexactly(2) == b"\x89\x00"


async def test_a_websocket_that_stays_is_cut_after_the_grace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended = asyncio.Event()

    async def stay(websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            await websocket.receive_text()
        finally:
            ended.set()

    app = application(lambda _: None, WebSocketRoute("/ws", stay))
    options = ServerOptions(grace=timedelta(milliseconds=10))
    async with AsyncExitStack() as client, live_server(app, options=options) as url:
        await open_websocket(*await client.enter_async_context(connected(url)))

    assert ended.is_set()
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.INFO] == [
        "1 connections were cut when the grace was over"
    ]


async def test_a_websocket_whose_client_leaves_is_over(caplog: pytest.LogCaptureFixture) -> None:
    left = asyncio.Event()

    async def listen(websocket: WebSocket) -> None:
        await websocket.accept()
        with pytest.raises(WebSocketDisconnect):
            await websocket.receive_bytes()
        left.set()

    app = application(lambda _: None, WebSocketRoute("/ws", listen))
    options = ServerOptions(message_limit_bytes=10, grace=timedelta(seconds=5))
    async with live_server(app, options=options) as url, connected(url) as (reader, writer):
        await open_websocket(reader, writer)
        writer.write(b"\x82\x8b\0\0\0\0" + b"x" * 11)  # one masked binary frame of 11 bytes
        assert await reader.readexactly(4) == b"\x88\x02\x03\xf1"  # 1009, message too big
        writer.close()
        async with asyncio.timeout(10):
            await left.wait()

    assert "cut" not in caplog.text


@pytest.mark.parametrize("wanted", [True, False])
async def test_requests_are_logged_where_that_is_asked_for(
    caplog: pytest.LogCaptureFixture, *, wanted: bool
) -> None:
    caplog.set_level(logging.INFO)
    options = ServerOptions(access_log=wanted)
    app = application(lambda _: None)
    async with (
        live_server(app, options=options) as url,
        httpx.AsyncClient(base_url=url, headers={"user-agent": "secret"}) as client,
    ):
        await client.get("/?q=secret")

    lines = [line for line in caplog.messages if line.startswith("GET / 200 ")]
    assert len(lines) == (1 if wanted else 0)
    assert "secret" not in "".join(lines)


def test_it_runs_beside_a_main_thread_that_keeps_its_signals() -> None:
    """A thread is told of no signals; it serves until the application ends it."""
    seen: list[str] = []

    async def broken_down(scope: object, receive: object, send: object) -> None:
        del scope
        await receive()  # type: ignore[operator]
        await send({"type": "lifespan.startup.complete"})  # type: ignore[operator]
        message = "over"
        raise LookupError(message)

    def run() -> None:
        try:
            run_server(broken_down, ServerOptions(port=0), on_listening=seen.append)
        except LookupError as error:
            seen.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(timeout=20)

    assert seen[-1] == "over"


def test_garbage_is_collected_rarely_only_while_it_serves() -> None:
    before = gc.get_threshold()
    seen: list[int] = []

    async def ends_at_once(scope: object, receive: object, send: object) -> None:
        del scope
        await receive()  # type: ignore[operator]
        await send({"type": "lifespan.startup.complete"})  # type: ignore[operator]
        raise LookupError

    def look(url: str) -> None:
        del url
        seen.append(gc.get_threshold()[0])

    with pytest.raises(LookupError):
        run_server(ends_at_once, ServerOptions(port=0), on_listening=look)

    assert seen[0] > before[0]
    assert gc.get_threshold() == before
