"""What clients do to a connection, well-meant or not: nothing is lost, nothing stays behind."""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator
from datetime import timedelta

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from agent_host.asgi.server import ServerOptions
from agent_host.protocols.channel import RouteAccess
from agent_host.testing.live_server import live_server
from tests.asgi.edge import application, as_caller, channel_route, connected, exchange

MEGABYTE = 1024 * 1024


async def length(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


def connections() -> int:
    """How many connections the servers of this loop hold."""
    return sum("_Connections.serve" in repr(task) for task in asyncio.all_tasks())


async def until_no_connection_is_left() -> None:
    while connections():
        await asyncio.wait(
            [task for task in asyncio.all_tasks() if "_Connections.serve" in repr(task)]
        )


def reset(writer: asyncio.StreamWriter) -> None:
    """Leave as a client does that dies."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.close()


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
@pytest.mark.parametrize("headers", [{}, as_caller("anna")], ids=["stranger", "caller"])
async def test_a_refused_upload_is_told_why_and_leaves_nothing_behind(
    headers: dict[str, str], *, chunked: bool
) -> None:
    """The client sends 20 MB before it reads; the host has answered long before."""

    async def chunks() -> AsyncGenerator[bytes]:
        for _ in range(20 * 16):
            yield b"x" * (MEGABYTE // 16)

    app = application(
        channel_route(length, access=RouteAccess.CALLER), body_limit_bytes=2 * MEGABYTE
    )
    async with live_server(app) as url:
        async with httpx.AsyncClient(base_url=url) as client:
            content = chunks() if chunked else b"x" * (20 * MEGABYTE)
            response = await client.post("/", content=content, headers=headers)
        async with asyncio.timeout(10):
            await until_no_connection_is_left()

    assert response.status_code == (413 if headers else 401)


async def test_an_application_that_answers_late_and_reads_nothing_still_answers() -> None:
    """The reader of the connection has long filled the inbox when the response comes."""
    arrived = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            raise NotImplementedError
        del receive
        await arrived.wait()
        await send({"type": "http.response.start", "status": 403, "headers": []})
        await send({"type": "http.response.body", "body": b"no"})

    async def chunks() -> AsyncGenerator[bytes]:
        for number in range(400):
            if number == 30:
                arrived.set()
            yield b"x" * 65536

    async with live_server(app) as url:
        async with httpx.AsyncClient(base_url=url) as client:
            response = await client.post("/", content=chunks())
        async with asyncio.timeout(10):
            await until_no_connection_is_left()

    assert (response.status_code, response.text) == (403, "no")


async def test_a_client_that_leaves_during_a_pipelined_request_is_let_go() -> None:
    """The server pauses its reading then, so it notices only by the stream that it writes."""
    left = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            raise NotImplementedError
        await send({"type": "http.response.start", "status": 200, "headers": []})
        async with asyncio.TaskGroup() as tasks:
            flood = tasks.create_task(_flood(send))
            while (await receive())["type"] != "http.disconnect":
                pass
            flood.cancel()
        left.set()

    request = b"GET / HTTP/1.1\r\nHost: host\r\n\r\n"
    async with live_server(app) as url, asyncio.timeout(10):
        async with connected(url) as (reader, writer):
            writer.write(request + request)
            await reader.readuntil(b"x")
            reset(writer)
        await left.wait()
        await until_no_connection_is_left()


async def _flood(send: Send) -> None:
    while True:
        await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
        await asyncio.sleep(0)


async def test_a_client_that_leaves_mid_stream_ends_the_stream() -> None:
    ended = asyncio.Event()

    async def ticks() -> AsyncGenerator[bytes]:
        try:
            while True:
                yield b"tick\n"
                await asyncio.sleep(0)
        finally:
            ended.set()

    async def stream(request: Request) -> Response:
        del request
        return StreamingResponse(ticks())

    async with live_server(application(channel_route(stream))) as url:
        async with (
            httpx.AsyncClient(base_url=url) as client,
            client.stream("GET", "/") as response,
        ):
            assert await anext(response.aiter_text()) == "tick\n"
        async with asyncio.timeout(10):
            await ended.wait()
            await until_no_connection_is_left()


async def test_a_slow_reader_slows_the_stream_down_and_gets_all_of_it() -> None:
    sent = 0

    async def chunks() -> AsyncGenerator[bytes]:
        nonlocal sent
        for _ in range(400):
            sent += 1
            yield b"x" * 65536

    async def stream(request: Request) -> Response:
        del request
        return StreamingResponse(chunks())

    async with (
        live_server(application(channel_route(stream))) as url,
        connected(url) as (reader, writer),
    ):
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        for _ in range(1000):
            await reader.readexactly(1)
        assert sent < 400
        body = await reader.read()

    assert b"200" in head
    assert len(body) == 400 * 65536 - 1000


async def test_a_body_that_comes_byte_by_byte_is_read() -> None:
    async with (
        live_server(application(channel_route(length))) as url,
        connected(url) as (reader, writer),
    ):
        head = b"POST / HTTP/1.1\r\nHost: host\r\nConnection: close\r\nContent-Length: 20\r\n\r\n"
        for byte in head + b"x" * 20:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        response = await reader.read()

    assert response.endswith(b"\r\n\r\n20")


async def test_a_client_that_sends_nothing_is_hung_up_on() -> None:
    options = ServerOptions(keep_alive=timedelta(milliseconds=50))
    app = application(channel_route(length))
    async with live_server(app, options=options) as url, asyncio.timeout(10):
        assert await exchange(url, b"") == b""


async def test_a_request_may_take_longer_than_a_connection_may_idle() -> None:
    options = ServerOptions(keep_alive=timedelta(milliseconds=20))
    long_after = asyncio.Event()

    async def slow(request: Request) -> Response:
        del request
        asyncio.get_running_loop().call_later(0.1, long_after.set)
        await long_after.wait()
        return PlainTextResponse("done")

    app = application(channel_route(slow))
    async with live_server(app, options=options) as url, asyncio.timeout(10):
        answer = await exchange(url, b"GET / HTTP/1.1\r\nHost: host\r\n\r\n")

    assert answer.endswith(b"done")  # and then the idle connection was closed


async def test_requests_share_a_connection() -> None:
    async def peer(request: Request) -> Response:
        assert request.client is not None
        return PlainTextResponse(str(request.client.port))

    app = application(channel_route(peer))
    async with live_server(app) as url, httpx.AsyncClient(base_url=url) as client:
        ports = {(await client.get("/")).text for _ in range(5)}

    assert len(ports) == 1


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: host\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n", b"431"),
        (b"GET /\xff HTTP/1.1\r\nHost: host\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: host\r\nContent-Length: 1, 2\r\n\r\n", b"400"),
        (b"\x16\x03\x01 this is TLS\r\n\r\n", b"400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
    ],
    ids=["long head", "bytes in the path", "two lengths", "TLS", "HTTP/2"],
)
async def test_what_is_not_http_is_refused_and_hung_up_on(data: bytes, status: bytes) -> None:
    async with live_server(application(channel_route(length))) as url, asyncio.timeout(10):
        answer = await exchange(url, data)
        await until_no_connection_is_left()

    assert answer.split(b" ")[1] == status


async def test_a_wish_to_change_to_http_2_is_not_heeded() -> None:
    data = (
        b"GET / HTTP/1.1\r\nHost: host\r\nConnection: Upgrade, HTTP2-Settings, close\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
    )
    async with live_server(application(channel_route(length))) as url, asyncio.timeout(10):
        answer = await exchange(url, data)

    assert answer.startswith(b"HTTP/1.1 200")


async def test_an_application_that_raises_ends_its_request_and_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        raise NotImplementedError(scope["type"])

    async with live_server(app) as url, httpx.AsyncClient(base_url=url) as client:
        assert (await client.get("/")).status_code == 500
        assert (await client.get("/")).status_code == 500

    assert "NotImplementedError: http" in caplog.text


async def test_a_refusal_of_head_has_no_body() -> None:
    data = b"HEAD /nowhere HTTP/1.1\r\nHost: host\r\nConnection: close\r\n\r\n"
    async with live_server(application(channel_route(length))) as url, asyncio.timeout(10):
        answer = await exchange(url, data)

    assert answer.startswith(b"HTTP/1.1 404")
    assert answer.endswith(b"\r\n\r\n")


async def test_an_application_sees_names_of_headers_in_lower_case() -> None:
    async def names(request: Request) -> Response:
        return PlainTextResponse(b" ".join(name for name, _ in request.scope["headers"]))

    data = b"GET / HTTP/1.1\r\nHost: host\r\nX-THING: A\r\nConnection: close\r\n\r\n"
    async with live_server(application(channel_route(names))) as url, asyncio.timeout(10):
        answer = await exchange(url, data)

    assert answer.endswith(b"\r\n\r\nhost x-thing connection")


async def test_who_sends_what_is_no_body_is_refused_and_their_application_blamed_for_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answered = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            raise NotImplementedError
        while (await receive())["type"] != "http.disconnect":
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"late"})
        answered.set()

    data = b"POST / HTTP/1.1\r\nHost: host\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n"
    async with live_server(app) as url, asyncio.timeout(10):
        answer = await exchange(url, data)
        await answered.wait()

    assert answer.startswith(b"HTTP/1.1 400")
    assert "the application failed" not in caplog.text


async def test_an_application_that_says_more_than_it_announced_is_told_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        if scope["type"] == "lifespan":
            raise NotImplementedError
        headers = [(b"content-length", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"two"})

    data = b"GET / HTTP/1.1\r\nHost: host\r\nConnection: close\r\n\r\n"
    async with live_server(app) as url, asyncio.timeout(10):
        await exchange(url, data)

    assert "Too much data for declared Content-Length" in caplog.text
