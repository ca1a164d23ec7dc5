"""Clients that take their time over a request, and more of them than there is room for."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from agent_host.asgi.server import ServerOptions
from agent_host.testing.live_server import live_server
from tests.asgi.edge import application, channel_route, connected, exchange
from tests.asgi.test_connection import until_no_connection_is_left

SHORT = timedelta(milliseconds=50)
POST = b"POST / HTTP/1.1\r\nHost: host\r\nContent-Length: 20\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: host\r\nTransfer-Encoding: chunked\r\n\r\n"


async def length(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


@pytest.mark.parametrize("head", [b"G", b"GET / HTTP/1.1\r\nHost: ho"])
async def test_a_head_that_does_not_end_is_answered_and_hung_up_on(head: bytes) -> None:
    app = application(channel_route(length))
    async with (
        live_server(app, options=ServerOptions(head_time=SHORT)) as url,
        asyncio.timeout(10),
    ):
        answer = await exchange(url, head)

    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_head_that_trickles_in_gains_no_time() -> None:
    app = application(channel_route(length))
    async with (
        live_server(app, options=ServerOptions(head_time=SHORT)) as url,
        asyncio.timeout(10),
        connected(url) as (reader, writer),
    ):
        writer.write(b"GET / HTTP/1.1\r\nHost: host\r\nX-Endless: ")
        answer = asyncio.create_task(reader.read())
        while not answer.done():
            writer.write(b"x")
            await asyncio.sleep(0)

    assert (await answer).startswith(b"HTTP/1.1 408 ")


async def test_the_second_head_on_a_connection_is_timed_too() -> None:
    app = application(channel_route(length))
    async with (
        live_server(app, options=ServerOptions(head_time=SHORT)) as url,
        asyncio.timeout(10),
        connected(url) as (reader, writer),
    ):
        writer.write(POST + b"x" * 20)
        first = await reader.readuntil(b"\r\n\r\n20")
        writer.write(b"POST / HT")
        second = await reader.read()

    assert first.startswith(b"HTTP/1.1 200 ")
    assert second.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("first", [POST + b"x" * 20, CHUNKED + b"0\r\n\r\n"], ids=["plain", "full"])
async def test_a_head_that_came_with_the_request_before_is_timed_too(first: bytes) -> None:
    app = application(channel_route(length))
    async with (
        live_server(app, options=ServerOptions(head_time=SHORT)) as url,
        asyncio.timeout(10),
    ):
        answer = await exchange(url, first + b"POST / HT")

    assert answer.count(b"HTTP/1.1 200 ") == 1
    assert answer.count(b"HTTP/1.1 408 ") == 1


@pytest.mark.parametrize("start", [POST + b"half", CHUNKED + b"14\r\nhalf"], ids=["plain", "full"])
async def test_a_body_that_does_not_end_is_a_problem_of_its_own(start: bytes) -> None:
    app = application(channel_route(length))
    async with live_server(app, options=ServerOptions(body_time=SHORT)) as url:
        async with asyncio.timeout(10), connected(url) as (reader, writer):
            writer.write(start)
            answer = await reader.read()
        await until_no_connection_is_left()

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"slow_request"' in answer
    assert b"application/problem+json" in answer


async def test_a_body_that_trickles_in_gains_no_time() -> None:
    app = application(channel_route(length), body_limit_bytes=2**30)
    async with (
        live_server(app, options=ServerOptions(body_time=SHORT)) as url,
        asyncio.timeout(10),
        connected(url) as (reader, writer),
    ):
        writer.write(POST.replace(b"20", b"1000000000"))
        answer = asyncio.create_task(reader.read())
        while not answer.done():
            writer.write(b"x")
            await asyncio.sleep(0)

    assert (await answer).startswith(b"HTTP/1.1 408 ")


async def test_a_client_is_not_blamed_for_an_application_that_takes_its_time() -> None:
    """Its body is long on its way when the application asks for it."""
    late = asyncio.Event()

    async def slow(request: Request) -> Response:
        asyncio.get_running_loop().call_later(1.5, late.set)
        await late.wait()
        return await length(request)

    async def chunks() -> AsyncGenerator[bytes]:
        for _ in range(64):
            yield b"x" * 65536

    app = application(channel_route(slow), body_limit_bytes=2**23)
    async with (
        live_server(app, options=ServerOptions(body_time=timedelta(seconds=1))) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        answer = await client.post("/", content=chunks())

    assert answer.text == str(64 * 65536)


async def test_a_request_that_has_arrived_may_take_longer_to_answer() -> None:
    late = asyncio.Event()

    async def slow(request: Request) -> Response:
        body = await request.body()
        asyncio.get_running_loop().call_later(0.2, late.set)
        await late.wait()
        return PlainTextResponse(str(len(body)))

    options = ServerOptions(body_time=SHORT, head_time=SHORT)
    app = application(channel_route(slow))
    async with live_server(app, options=options) as url, httpx.AsyncClient(base_url=url) as client:
        assert (await client.post("/", content=b"four")).text == "4"


async def test_one_connection_too_many_is_told_so_and_the_others_go_on() -> None:
    app = application(channel_route(length))
    async with (
        live_server(app, options=ServerOptions(connection_limit=3)) as url,
        asyncio.timeout(10),
        AsyncExitStack() as stack,
    ):
        held = [await stack.enter_async_context(connected(url)) for _ in range(3)]
        for reader, writer in held:
            writer.write(POST + b"x" * 20)
            await reader.readuntil(b"\r\n\r\n20")
        refused = await exchange(url, POST + b"x" * 20)
        for reader, writer in held:
            writer.write(POST + b"x" * 20)
            await reader.readuntil(b"\r\n\r\n20")
        held[0][1].close()
        answer = b""
        while not answer.endswith(b"20"):  # as soon as the server has noticed
            answer = await exchange(
                url, POST.replace(b"host", b"h\r\nConnection: close") + b"x" * 20
            )

    assert refused.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1\r\n" in refused
    assert b'"code":"too_many_connections"' in refused


async def test_a_flood_of_connections_leaves_nothing_behind() -> None:
    app = application(channel_route(length))
    async with (
        live_server(app, options=ServerOptions(connection_limit=1)) as url,
        asyncio.timeout(20),
        connected(url) as (reader, writer),
    ):
        async with AsyncExitStack() as stack:
            for _ in range(400):
                await stack.enter_async_context(connected(url))
        writer.write(POST + b"x" * 20)
        await reader.readuntil(b"\r\n\r\n20")
        writer.close()
        await until_no_connection_is_left()


def _deaf(url: str) -> socket.socket:
    """A client with little room for what it does not read."""
    parts = urlsplit(url)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((parts.hostname, parts.port))
    return client


async def _answered(client: socket.socket) -> None:
    """Return once an answer has begun to come; it is not read."""
    await asyncio.to_thread(client.recv, 1, socket.MSG_PEEK)


async def endless(_: Request) -> Response:
    async def chunks() -> AsyncGenerator[bytes]:
        while True:
            yield b"x" * 65536

    return StreamingResponse(chunks())


@pytest.mark.parametrize("extra", [b"", b"Expect: 100-continue\r\n"], ids=["plain", "full"])
async def test_a_client_that_reads_nothing_is_hung_up_on(extra: bytes) -> None:
    app = application(channel_route(endless))
    async with (
        live_server(app, options=ServerOptions(send_time=SHORT)) as url,
        asyncio.timeout(20),
    ):
        with _deaf(url) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: host\r\n" + extra + b"\r\n")
            await _answered(client)
            await until_no_connection_is_left()


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
async def test_what_is_left_of_an_answer_holds_no_connection(connection: str) -> None:
    """The application is done with it, and so is the server; the client is not."""
    given = 0

    async def counted(request: Request) -> Response:
        async def chunks() -> AsyncGenerator[bytes]:
            nonlocal given
            while True:
                yield b"x" * 4096
                given += 4096

        if request.query_params:
            return StreamingResponse(chunks())
        # Of so much half a buffer waits when all else is on its way to a client that reads nothing.
        return PlainTextResponse("x" * (given - 32768), headers={"connection": connection})

    app = application(channel_route(counted))
    options = ServerOptions(send_time=SHORT, keep_alive=SHORT)
    async with live_server(app, options=options) as url, asyncio.timeout(20):
        for path in (b"/?count=1", b"/"):
            with _deaf(url) as client:
                client.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: host\r\n\r\n")
                await _answered(client)
                await until_no_connection_is_left()


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
async def test_a_client_that_reads_slowly_gets_all_of_it(connection: str) -> None:
    size = 2**22

    async def large(_: Request) -> Response:
        return PlainTextResponse("x" * size, headers={"connection": connection})

    app = application(channel_route(large))
    options = ServerOptions(send_time=timedelta(seconds=1))
    async with live_server(app, options=options) as url, asyncio.timeout(30):
        with _deaf(url) as client:
            client.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(client, b"GET / HTTP/1.1\r\nHost: host\r\n\r\n")
            found = b""
            while len(found) < size:
                found += await loop.sock_recv(client, 4096)
    assert found.endswith(b"x" * 4096)
