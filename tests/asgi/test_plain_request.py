"""Requests as the server reads them, and as h11 would: never more of them, and never others."""

# What a later release of the parser may do is done to it here.
# pyright: reportPrivateUsage=false

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from agent_host.asgi.plain_request import RefusedRequestError, RequestHead, RequestReader
from agent_host.testing.live_server import live_server
from tests.asgi.edge import connected
from tests.asgi.raw_requests import ReadRequest, cut, read_by_h11, right_requests, streams

HOST = b"Host: host\r\n"


class Recorder:
    """An application that remembers what reached it."""

    def __init__(self) -> None:
        self.requests: list[ReadRequest] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            raise NotImplementedError
        self.requests.append(
            ReadRequest(
                scope["method"], scope["raw_path"], scope["query_string"], scope["headers"], None
            )
        )
        body, is_whole = b"", False
        while not is_whole:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            is_whole = not message["more_body"]
        self.requests[-1] = self.requests[-1]._replace(body=body)
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


async def served(pieces: Sequence[bytes]) -> tuple[list[ReadRequest], bytes]:
    """What reaches an application of what a client sends, and what the client is answered."""
    app, answer = Recorder(), b""
    async with live_server(app) as url, connected(url) as (reader, writer), asyncio.timeout(20):
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        with suppress(OSError):  # refused, and closed before all was sent
            writer.write_eof()
        with suppress(OSError):
            while more := await reader.read(65_536):
                answer += more
    return app.requests, answer


@given(pieces=cut(streams()))
@settings(deadline=None, max_examples=250)
def test_nothing_reaches_an_application_that_h11_would_not_have_read(pieces: list[bytes]) -> None:
    """And what reaches it, reaches it as h11 reads it, in its order."""
    requests, _ = asyncio.run(served(pieces))
    expected = read_by_h11(pieces)

    assert requests == expected[: len(requests)]


@given(pieces=cut(st.lists(right_requests(), min_size=1, max_size=4).map(b"".join)))
@settings(deadline=None, max_examples=60)
def test_right_requests_are_all_served_as_h11_would(pieces: list[bytes]) -> None:
    requests, answer = asyncio.run(served(pieces))

    assert requests == read_by_h11(pieces)
    assert answer.count(b"HTTP/1.1 200 ") == answer.count(b"HTTP/1.1 ") == len(requests)


@given(pieces=cut(streams()))
def test_it_does_not_matter_how_bytes_arrive(pieces: list[bytes]) -> None:
    assert heads(pieces) == heads([b"".join(pieces)])


def heads(pieces: Sequence[bytes]) -> list[RequestHead | bytes | int]:
    """What a reader makes of the pieces, until it refuses or gives back what is not plain."""
    reader = RequestReader(65_536)
    found: list[RequestHead | bytes | int] = []
    for piece in pieces:
        reader.receive(piece)
        while reader.has_data:
            if reader.body_left:
                body = reader.read_body()
                found.append(body if isinstance(found[-1], RequestHead) else found.pop() + body)  # type: ignore[operator]
                continue
            try:
                head = reader.read_head()
            except RefusedRequestError as error:
                return [*found, error.status]
            if head is None:
                break
            found.append(head)
            if not head.is_plain:
                return found
    return found


REFUSED = {
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: host\r\nHost: host\r\n\r\n",
    "two hosts in one": b"GET / HTTP/1.1\r\nHost: host, host/\r\n\r\n",
    "a host with a space": b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "a host with a path": b"GET / HTTP/1.0\r\nHost: host/a\r\n\r\n",
    "two framings": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two framings, otherwise": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a list of lengths": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1, 2\r\n\r\nab",
    "a signed length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +1\r\n\r\na",
    "a negative length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\na",
    "no length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: \r\n\r\na",
    "a long length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: " + b"0" * 21 + b"\r\n\r\n",
    "another coding": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n",
    "a folded line": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\n" + HOST + b"X : a\r\n\r\n",
    "a bare CR": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\rb\r\n\r\n",
    "a bare LF": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\nY: b\r\n\r\n",
    "only LF": b"GET / HTTP/1.1\nHost: host\n\n",
    "NUL": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n\r\n",
    "a control": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\x1fb\r\n\r\n",
    "DEL": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\x7fb\r\n\r\n",
    "an unknown method": b"SPELL / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method in lower case": b"get / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target that is none": b"GET a HTTP/1.1\r\n" + HOST + b"\r\n",
    "two spaces before the target": b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n",
    "two spaces behind the target": b"GET /  HTTP/1.1\r\n" + HOST + b"\r\n",
    "an empty line before": b"\r\nGET / HTTP/1.1\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/0.9, said": b"GET / HTTP/0.9\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/2, as text": b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
    "HTTP/1.2": b"GET / HTTP/1.2\r\n" + HOST + b"\r\n",
    "another protocol": b"SOURCE / ICE/1.0\r\n" + HOST + b"\r\n",
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize(
    "before", [b"", b"GET / HTTP/1.1\r\nHost: host\r\n\r\n"], ids=["", "second"]
)
async def test_what_could_be_read_in_two_ways_is_refused(data: bytes, before: bytes) -> None:
    chunked = b"POST / HTTP/1.1\r\nHost: host\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    after = b"GET /smuggled HTTP/1.1\r\nHost: host\r\n\r\n"
    for first in (before, chunked) if before else (b"",):
        requests, answer = await served([first + data + after])

        assert len(requests) == bool(first)
        assert answer.count(b"HTTP/1.1 200 ") == bool(first)
        assert answer.count(b"HTTP/1.1 400 ") == 1
        assert answer.endswith(b"Connection: close\r\n\r\n")


@pytest.mark.parametrize("piece", [b"x" * 1000, b"x\r\ny: z"])
async def test_a_head_without_an_end_is_refused_as_soon_as_it_is_too_long(piece: bytes) -> None:
    start = b"GET / HTTP/1.1\r\n" + HOST + b"X: "
    requests, answer = await served([start, *[piece] * (70_000 // len(piece) + 1)])

    assert not requests
    assert answer.startswith(b"HTTP/1.1 431 ")


def test_a_head_beyond_the_limit_is_refused_although_it_has_an_end() -> None:
    data = b"GET / HTTP/1.1\r\nHost: host\r\n\r\n"
    for limit, is_taken in ((len(data), True), (len(data) - 1, False)):
        reader = RequestReader(limit)
        reader.receive(data)
        if is_taken:
            assert reader.read_head()
        else:
            with pytest.raises(RefusedRequestError) as refused:
                reader.read_head()
            assert refused.value.status == 431


def test_a_parser_that_becomes_lenient_does_not_say_alone_where_a_head_ends() -> None:
    reader = RequestReader(65_536)
    reader._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True)
    reader.receive(b"GET / HTTP/1.1\r\nHost: host\r\n\n")
    with pytest.raises(RefusedRequestError) as refused:
        reader.read_head()
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "endless",
    [
        b"1;" + b"x" * 70_000,
        b"0\r\n" + b"trailer: value\r\n" * 5_000,
        b"0\r\ntrailer: " + b"x" * 70_000,
    ],
    ids=["an extension of a chunk", "many trailers", "a long trailer"],
)
async def test_what_is_beside_a_body_in_chunks_has_the_limit_of_a_head(endless: bytes) -> None:
    start = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    requests, answer = await served([start, endless])

    assert [request.body for request in requests] == [None]
    assert answer.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("start", [b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\n", b"SPELL"])
async def test_what_cannot_become_a_request_is_refused_before_it_ends(start: bytes) -> None:
    app = Recorder()
    async with live_server(app) as url, connected(url) as (reader, writer), asyncio.timeout(10):
        writer.write(start)
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
