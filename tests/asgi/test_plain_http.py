"""Requests on one connection, whichever way each of them is served."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send
from wsproto.frame_protocol import FrameProtocol

from agent_host.asgi.server import ServerOptions
from agent_host.testing.live_server import live_server
from tests.asgi.edge import connected, exchange
from tests.asgi.test_connection import until_no_connection_is_left

GET = b"GET / HTTP/1.1\r\nHost: host\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: host\r\nContent-Length: 3\r\n\r\nabc"
CHUNKED = (
    b"POST / HTTP/1.1\r\nHost: host\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n0\r\nTrailer: a\r\n\r\n"
)
H2C = (
    b"POST / HTTP/1.1\r\nHost: host\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 3\r\n\r\nabc"
)
LAST = b"GET / HTTP/1.1\r\nHost: host\r\nConnection: close\r\n\r\n"

Respond = Callable[[Scope, Receive, Send], Awaitable[None]]


def app_of(respond: Respond) -> Respond:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            raise NotImplementedError
        await respond(scope, receive, send)

    return app


async def whole_body(receive: Receive) -> bytes:
    body, message = b"", await receive()
    while message["more_body"]:
        body += message["body"]
        message = await receive()
    return body + bytes(message["body"])


async def answer(send: Send, body: bytes, **start: object) -> None:
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers, **start})
    await send({"type": "http.response.body", "body": body})


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Says the method and the body."""
    await answer(send, b"<%b %b>" % (scope["method"].encode(), await whole_body(receive)))


@asynccontextmanager
async def served(respond: Respond) -> AsyncGenerator[str]:
    async with live_server(app_of(respond)) as url, asyncio.timeout(20):
        yield url


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_requests_of_every_kind_follow_each_other_on_one_connection(size: int) -> None:
    data = POST + CHUNKED + GET + H2C + POST + H2C + CHUNKED + CHUNKED + LAST
    async with served(echo) as url, connected(url) as (reader, writer):
        for at in range(0, len(data), size):
            writer.write(data[at : at + size])
            await asyncio.sleep(0)
        text = await reader.read()

    posts, gets = b"<POST abc>", b"<GET >"
    said = [line.removesuffix(b"HTTP/1.1 200 ") for line in text.split(b"\r\n") if b"<" in line]
    assert said == [posts, posts, gets, posts, posts, posts, posts, posts, gets]
    assert text.count(b"HTTP/1.1 200 ") == len(said)


@pytest.mark.parametrize("request_", [GET, POST, CHUNKED], ids=["plain", "body", "chunks"])
async def test_a_request_begins_when_the_one_before_is_over(request_: bytes) -> None:
    events: list[str] = []
    go_on = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        events.append("begins")
        await whole_body(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        await go_on.wait()
        events.append("ends")
        await send({"type": "http.response.body", "body": b"full"})

    async with served(slow) as url, connected(url) as (reader, writer):
        writer.write(request_ * 2)
        await reader.readuntil(b"half")
        assert events == ["begins"]
        go_on.set()
        await reader.readuntil(b"0\r\n\r\n")
        await reader.readuntil(b"0\r\n\r\n")

    assert events == ["begins", "ends"] * 2


async def test_what_is_sent_too_early_is_not_read_without_end() -> None:
    """While a request goes on, the connection reads nothing of what follows it."""
    left = 0

    async def look(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal left
        for _ in range(2_000):  # in each turn it could have read 64 KiB
            await asyncio.sleep(0)
        left = writer.transport.get_write_buffer_size()
        writer.transport.abort()

    async with served(look) as url, connected(url) as (_, writer):
        writer.write(GET + POST * 1_000_000)
        await until_no_connection_is_left()

    assert left > 10_000_000


@pytest.mark.parametrize("value", [b"close", b"Close", b"te, close", b"close ,te", b",\tclose,"])
async def test_a_client_that_asks_for_it_is_hung_up_on(value: bytes) -> None:
    data = b"GET / HTTP/1.1\r\nHost: host\r\nConnection: " + value + b"\r\n\r\n"
    async with served(echo) as url:
        text = await exchange(url, data)

    assert b"\r\nConnection: close\r\n" in text
    assert text.endswith(b"\r\n\r\n<GET >")


async def test_what_follows_the_last_request_is_refused_and_reaches_nobody() -> None:
    methods: list[str] = []

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        methods.append(scope["method"])
        await echo(scope, receive, send)

    async with served(note) as url:
        text = await exchange(url, LAST + POST)
        await until_no_connection_is_left()

    assert methods == ["GET"]
    assert text.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("framing", [b"Content-Length: 34", b"Transfer-Encoding: chunked"])
async def test_a_body_that_comes_after_the_answer_is_no_request(framing: bytes) -> None:
    paths: list[str] = []

    async def hasty(scope: Scope, receive: Receive, send: Send) -> None:
        paths.append(scope["path"])
        await answer(send, b"said")

    async with served(hasty) as url, connected(url) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: host\r\n" + framing + b"\r\n\r\n")
        await reader.readuntil(b"said")
        writer.write(b"GET /s HTTP/1.1\r\nHost: host\r\n\r\n" * 2)
        writer.write_eof()
        assert await reader.read() == b""
        await until_no_connection_is_left()

    assert paths == ["/"]


async def test_a_refusal_is_not_spliced_into_a_response() -> None:
    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"part", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass

    async with served(stream) as url, connected(url) as (reader, writer):
        writer.write(LAST)
        begun = await reader.readuntil(b"part")
        writer.write(GET)
        rest = await reader.read()

    assert begun.startswith(b"HTTP/1.1 200 ")
    assert rest == b"\r\n"


@pytest.mark.parametrize("connection", [b"", b"Connection: keep-alive\r\n"])
async def test_http_1_0_is_answered_without_chunks_and_hung_up_on(connection: bytes) -> None:
    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await send({"type": "http.response.body", "body": b"b"})

    async with served(stream) as url:
        text = await exchange(url, b"GET / HTTP/1.0\r\n" + connection + b"\r\n")

    assert text.endswith(b"\r\nConnection: close\r\n\r\nab")
    assert b"chunked" not in text


async def test_who_waits_for_100_is_told_to_go_on() -> None:
    head = b"PUT / HTTP/1.1\r\nHost: host\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    async with served(echo) as url, connected(url) as (reader, writer):
        for _ in range(2):
            writer.write(head)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
            writer.write(b"abc")
            await reader.readuntil(b"<PUT abc>")
        writer.write(GET)
        await reader.readuntil(b"<GET >")


WEBSOCKET = (
    b"GET / HTTP/1.1\r\nHost: host\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
FRAME = bytes(FrameProtocol(client=True, extensions=[]).send_data("there", fin=True))


@pytest.mark.parametrize("before", [b"", GET, CHUNKED], ids=["first", "after plain", "after full"])
@pytest.mark.parametrize("size", [1, 10_000])
async def test_a_websocket_is_served_on_a_connection_that_requests_have_used(
    before: bytes, size: int
) -> None:
    async def talk(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await echo(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.accept"})
        message = await receive()
        await send({"type": "websocket.send", "text": f"{message['text']} back"})
        await send({"type": "websocket.close"})

    async with served(talk) as url, connected(url) as (reader, writer):
        data = before + WEBSOCKET
        for at in range(0, len(data), size):
            writer.write(data[at : at + size])
            await asyncio.sleep(0)
        accepted = await reader.readuntil(b" 101 ")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(FRAME)
        assert await reader.readuntil(b"there back")
        writer.close()
        await until_no_connection_is_left()

    assert accepted.count(b"HTTP/1.1 ") == 1 + bool(before)


async def test_a_websocket_that_talks_before_it_is_let_in_is_refused_and_leaves_nobody() -> None:
    heard: list[Message] = []

    async def wait(scope: Scope, receive: Receive, send: Send) -> None:
        heard.extend([await receive(), await receive()])

    async with served(wait) as url, connected(url) as (reader, writer):
        writer.write(WEBSOCKET + FRAME)
        text = await reader.read()
        writer.close()
        await until_no_connection_is_left()

    assert text.startswith(b"HTTP/1.1 400 ")
    assert [message["type"] for message in heard] == ["websocket.connect", "websocket.disconnect"]


async def test_nothing_is_read_behind_a_wish_for_a_tunnel() -> None:
    """A client that is answered 2xx takes it for one (RFC 9110 §9.3.6)."""
    methods: list[str] = []

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        methods.append(scope["method"])
        await echo(scope, receive, send)

    async with served(note) as url:
        text = await exchange(url, b"CONNECT host:1 HTTP/1.1\r\nHost: host:1\r\n\r\n" + GET)

    assert text.startswith(b"HTTP/1.1 200 ")
    assert methods == ["CONNECT"]


@pytest.mark.parametrize(
    "header", [(b"x", b"a\r\nset-cookie: b"), (b"x: y", b"a"), (b"content-length", b"a")]
)
async def test_a_response_that_cannot_be_written_is_a_failure(
    header: tuple[bytes, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    async def split(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [header]})

    async with served(split) as url:
        text = await exchange(url, GET)

    assert text.startswith(b"HTTP/1.1 500 ")
    assert text.count(b"HTTP/") == 1
    assert b"cookie" not in text
    assert "LocalProtocolError" in caplog.text


@pytest.mark.parametrize(("length", "written"), [(b"2", b"HTTP/"), (b"4", b"abc")])
async def test_a_body_that_is_not_as_announced_is_the_last_of_its_connection(
    length: bytes, written: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def wrong(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"abc"})

    async with served(wrong) as url:
        text = await exchange(url, GET * 2)

    assert text.count(b"HTTP/1.1 ") == 1
    assert written in text
    assert "for declared Content-Length" in caplog.text


@pytest.mark.parametrize("begun", [False, True])
async def test_an_application_that_just_returns_ends_the_connection(*, begun: bool) -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        if begun:
            headers = [(b"content-length", b"3")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})

    async with served(silent) as url:
        text = await exchange(url, GET * 2)

    assert text.startswith(b"HTTP/1.1 200 " if begun else b"HTTP/1.1 500 ")
    assert text.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("kind", ["http.response.start", "http.response.trailers", "unheard-of"])
async def test_a_message_out_of_place_is_the_applications_fault(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def twice(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": kind, "status": 200, "headers": []})

    async with served(twice) as url:
        text = await exchange(url, GET)

    assert text.startswith(b"HTTP/1.1 200 ")
    assert "UnexpectedMessageError" in caplog.text


async def test_a_body_that_has_ended_does_not_go_on(caplog: pytest.LogCaptureFixture) -> None:
    async def again(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"said"})
        await send({"type": "http.response.body", "body": b"more"})

    async with served(again) as url:
        text = await exchange(url, LAST)

    assert b"said" in text
    assert b"more" not in text
    assert "UnexpectedMessageError" in caplog.text


async def test_an_application_may_work_on_when_it_has_answered() -> None:
    """It hears that the client is done with it, and the next request does not wait for it."""
    heard: list[Message] = []
    go_on = asyncio.Event()

    async def work(scope: Scope, receive: Receive, send: Send) -> None:
        await echo(scope, receive, send)
        if scope["method"] == "POST":
            heard.append(await receive())
            await go_on.wait()

    async with served(work) as url, connected(url) as (reader, writer):
        writer.write(POST + GET)
        await reader.readuntil(b"<GET >")
        go_on.set()

    assert heard == [{"type": "http.disconnect"}]


async def test_a_client_that_sends_no_more_still_gets_its_answer() -> None:
    async def wait(scope: Scope, receive: Receive, send: Send) -> None:
        body = await whole_body(receive)
        left = await receive()
        await answer(send, body + left["type"].encode())

    async with served(wait) as url, connected(url) as (reader, writer):
        writer.write(POST)
        writer.write_eof()
        text = await reader.read()

    assert text.endswith(b"abchttp.disconnect")


@pytest.mark.parametrize("end", [30, len(POST) - 1], ids=["mid-head", "mid-body"])
async def test_a_client_that_leaves_midway_is_let_go(end: int) -> None:
    async with served(echo) as url, connected(url) as (reader, writer):
        writer.write(POST[:end])
        writer.write_eof()
        text = await reader.read()
        await until_no_connection_is_left()

    assert text == b""


@pytest.mark.parametrize("last_one", [GET, CHUNKED], ids=["plain", "full"])
async def test_a_connection_serves_so_many_requests(last_one: bytes) -> None:
    async with served(echo) as url, connected(url) as (reader, writer):
        writer.write(GET * 999)
        for _ in range(999):
            head = await reader.readuntil(b"<GET >")
            assert b"lose" not in head
        writer.write(last_one)
        last = await reader.read()

    assert b"\r\nconnection: close\r\n" in last.lower()


@given(
    body=st.binary(max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=3),
    headers=st.lists(st.text("abc -,:;\"'é", max_size=9).map(str.strip), max_size=3),
    status=st.sampled_from([200, 204, 304, 404, 500]),
    method=st.sampled_from(["GET", "HEAD", "POST"]),
)
@settings(deadline=None, max_examples=60)
def test_a_client_gets_the_response_that_was_meant(
    body: bytes, cuts: list[int], headers: list[str], status: int, method: str
) -> None:
    fields = [(b"x-%d" % at, value.encode("latin-1")) for at, value in enumerate(headers)]
    places = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [body[start:end] for start, end in pairwise(places)]

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": fields})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})

    async def ask() -> list[httpx.Response]:
        async with served(respond) as url, httpx.AsyncClient(base_url=url) as client:
            return [await client.request(method, "/") for _ in range(2)]

    for response in asyncio.run(ask()):
        assert response.status_code == status
        assert response.content == (b"" if method == "HEAD" or status in {204, 304} else body)
        own = [(name, value) for name, value in response.headers.raw if name.startswith(b"x-")]
        assert own == fields
        assert "date" in response.headers


async def test_the_access_log_has_each_request_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "hypercorn.access")

    async def some(scope: Scope, receive: Receive, send: Send) -> None:
        await whole_body(receive)
        if scope["path"] != "/silent":
            headers = [(memoryview(b"x"), memoryview(b"1"))]
            await send({"type": "http.response.start", "status": 299, "headers": headers})
        if scope["path"] == "/":
            await send({"type": "http.response.body"})

    requests = POST + GET.replace(b" / ", b" /half ")
    options = ServerOptions(access_log=True)
    async with live_server(app_of(some), options=options) as url, asyncio.timeout(10):
        await exchange(url, requests)
        await exchange(url, GET.replace(b" / ", b" /silent "))

    lines = [
        record.getMessage().split(" ")[:3]
        for record in caplog.records
        if record.name == "hypercorn.access"
    ]
    assert lines == [["POST", "/", "299"], ["GET", "/half", "-"], ["GET", "/silent", "500"]]
