"""How a connection ends: what its client is told, still gets, and what is not begun any more."""

import asyncio
from contextlib import suppress

import pytest
from starlette.types import Receive, Scope, Send

from agent_host.asgi.server import ServerOptions, serve
from tests.asgi.edge import connected
from tests.asgi.test_connection import until_no_connection_is_left
from tests.asgi.test_plain_http import (
    CHUNKED,
    FRAME,
    GET,
    POST,
    WEBSOCKET,
    answer,
    app_of,
    served,
)

MANY = 20_000_000


async def give_up_sending(send: Send) -> None:
    """Answer as an application does that has no patience with a client who does not read."""
    sending = asyncio.create_task(answer(send, b"x" * MANY))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not sending.done()
    sending.cancel()
    with suppress(asyncio.CancelledError):
        await sending


@pytest.mark.parametrize("request_", [GET, CHUNKED], ids=["plain", "full"])
async def test_who_gives_up_sending_an_answer_does_not_hold_up_the_next_request(
    request_: bytes,
) -> None:
    """What was given to `send` is on its way, although its client is slow to read it."""

    async def impatient(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/next":
            await answer(send, b"next")
            return
        while (await receive())["more_body"]:
            pass
        await give_up_sending(send)

    async with served(impatient) as url, connected(url) as (reader, writer):
        writer.write(request_ + GET.replace(b" / ", b" /next "))
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(MANY)
        assert await reader.readuntil(b"next")


@pytest.mark.parametrize("request_", [GET, POST, CHUNKED], ids=["plain", "body", "full"])
async def test_who_sends_more_than_is_served_gets_the_answers_to_what_was(request_: bytes) -> None:
    """To close on unread bytes resets a connection, and what is on its way is lost (RFC 9112
    §9.6).
    """
    count = 0
    all_served = asyncio.Event()

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal count
        await answer(send, b"x" * 3000)
        count += 1
        if count == 1000:
            all_served.set()

    async with served(respond) as url, connected(url) as (reader, writer):
        writer.write(request_ * 100_000)
        await reader.readuntil(b"x" * 3000)
        text = await reader.read()
        await all_served.wait()
        writer.transport.abort()
        await until_no_connection_is_left()

    assert text.count(b"HTTP/1.1 200 ") == 999
    assert text.endswith(b"x" * 3000)


@pytest.mark.parametrize("has_begun", [False, True], ids=["before", "during"])
@pytest.mark.parametrize("request_", [GET, POST, CHUNKED], ids=["plain", "body", "full"])
async def test_a_server_that_stops_finishes_its_answer_and_begins_no_other(
    request_: bytes, *, has_begun: bool
) -> None:
    stop, go_on, count = asyncio.Event(), asyncio.Event(), 0
    loop = asyncio.get_running_loop()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal count
        count += 1
        if not has_begun:
            stop.set()
            await go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        stop.set()
        await go_on.wait()
        await send({"type": "http.response.body", "body": b"full"})

    def go_on_next_turn() -> None:
        loop.call_soon(go_on.set)  # connections are told in this one

    listening: asyncio.Future[str] = loop.create_future()
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(
            serve(
                app_of(slow),
                ServerOptions(port=0),
                shutdown=stop,
                on_listening=listening.set_result,
                on_stopping=go_on_next_turn,
            )
        )
        async with connected(await listening) as (reader, writer):
            writer.write(request_ * 3)
            text = await reader.read()

    assert count == 1
    assert text.endswith(b"half\r\n4\r\nfull\r\n0\r\n\r\n")
    assert (b"\r\nconnection: close\r\n" in text.lower()) is not has_begun


@pytest.mark.parametrize("speaks", [False, True])
async def test_a_refusal_that_an_application_speaks_into_is_no_failure_of_others(
    caplog: pytest.LogCaptureFixture, *, speaks: bool
) -> None:
    """A websocket that talks before it is let in is refused while its application decides."""
    work, has_ended = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await give_up_sending(send)
            await work.wait()
            has_ended.set()
        elif speaks:
            with suppress(Exception):
                await send({"type": "websocket.accept"})
            while (await receive())["type"] != "websocket.disconnect":
                pass

    async with served(app) as url, connected(url) as (reader, writer):
        writer.write(GET + WEBSOCKET + FRAME)
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(MANY)
        refusal = await reader.read()
        work.set()
        await has_ended.wait()
        await until_no_connection_is_left()

    assert refusal.startswith(b"HTTP/1.1 400 ")
    assert "a connection failed" not in caplog.text
