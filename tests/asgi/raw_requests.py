"""Bytes as clients send them: requests right, wrong and nearly right, and how h11 reads them."""

from collections.abc import Sequence
from typing import NamedTuple

import h11
from hypothesis import strategies as st

METHODS = [b"GET", b"POST", b"HEAD", b"PUT", b"OPTIONS", b"M-SEARCH", b"get", b"SPELL", b"G T"]
TARGETS = [b"/", b"/a?b=c", b"/?", b"*", b"http://host/a", b"/%41#b", b"/a b", b"/\xff", b"a", b""]
VERSIONS = [b"HTTP/1.1"] * 8 + [b"HTTP/1.0", b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1.2", b"http/1.1"]
LINES = [
    b"Host: other",
    b"Host: a b",
    b"X-A: 1",
    b"x-a:\t spaced \t",
    b"X-Empty:",
    b"X-High: \xe9",
    b"X-Control: \x01",
    b"X-Null: a\x00b",
    b"X-Return: a\rb",
    b"X-Fold: a\r\n b",
    b" X-First: a",
    b"X Space: a",
    b"X-Space : a",
    b": nameless",
    b"nothing",
    b"X\xe9: a",
    b"Connection: close",
    b"Connection: keep-alive",
    b"Connection: te , Close,",
    b"Proxy-Connection: close",
    b"Expect: 100-continue",
    b"Content-Length: 3",
    b"Content-Length: 3, 3",
    b"Content-Length: +3",
    b"Content-Length: 03",
    b"Content-Length: 3 ",
    b"Content-Length:",
    b"Content-Length: 184467440737095516163",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: Chunked",
    b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding:",
    b"Transfer-Encoding: xchunked",
    b"Upgrade: h2c",
    b"Upgrade: h2c\r\nConnection: Upgrade",
]
BODIES = [
    b"",
    b"abc",
    b"abcd",
    b"3\r\nabc\r\n0\r\n\r\n",
    b"3;ext=1\r\nabc\r\n0\r\nTrailer: a\r\n\r\n",
    b"3\r\nabcd\r\n0\r\n\r\n",
    b"0x3\r\nabc\r\n0\r\n\r\n",
    b"-1\r\nabc\r\n0\r\n\r\n",
    b"3\nabc\n0\n\n",
    b"0\r\n\r\n",
    b"\r\n",
]
EXTRAS = [
    b"Connection: close",
    b"Connection: te , Close,",
    b"Connection: keep-alive",
    b"Connection: Upgrade\r\nUpgrade: h2c",
    b"Upgrade: h2c",
    b"Proxy-Connection: close",
    b"Expect: 100-continue",
]
MUTATIONS = [b"\r", b"\n", b"\r\n", b" ", b"\t", b"\x00", b"\x0b", b":", b",", b"1", b"\x80", b"X"]


class ReadRequest(NamedTuple):
    """A request as an application gets it. `body` is None where it did not come to its end."""

    method: str
    path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes | None


@st.composite
def right_requests(draw: st.DrawFn, *, extras: bool = False) -> bytes:
    """A request that nobody could misread; one with extras may be the last of its connection."""
    method = draw(st.sampled_from([b"GET", b"POST", b"PUT", b"OPTIONS"]))
    target = draw(st.sampled_from([b"/", b"/a?b=c", b"*", b"http://host/a"]))
    lines = draw(st.lists(st.sampled_from([b"X-A: 1", b"x-b:\t 2 ", b"X-Empty:"]), max_size=3))
    version = b"HTTP/1.1"
    if extras:
        lines += draw(st.lists(st.sampled_from(EXTRAS), max_size=1))
        version = draw(st.sampled_from([version, version, version, b"HTTP/1.0"]))
    body = draw(st.binary(max_size=50))
    if draw(st.booleans()):
        lines.append(b"Transfer-Encoding: chunked")
        body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        body += b"0\r\n\r\n"
    elif body:
        lines.append(b"Content-Length: %d" % len(body))
    return b"%b %b %b\r\nHost: host\r\n%b\r\n%b" % (
        method,
        target,
        version,
        b"".join(line + b"\r\n" for line in lines),
        body,
    )


@st.composite
def _odd_requests(draw: st.DrawFn) -> bytes:
    lines = [b"Host: host"] if draw(st.integers(0, 9)) else []
    lines += draw(st.lists(st.sampled_from(LINES), max_size=3))
    head = b"%b %b %b" % (
        draw(st.sampled_from(METHODS)),
        draw(st.sampled_from(TARGETS)),
        draw(st.sampled_from(VERSIONS)),
    )
    end = draw(st.sampled_from([b"\r\n"] * 8 + [b"\n"]))
    return end.join([head, *draw(st.permutations(lines)), b"", b""]) + draw(st.sampled_from(BODIES))


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Some requests one behind the other, of which some bytes may have been changed."""
    requests = st.one_of(right_requests(extras=True), _odd_requests())
    data = b"".join(draw(st.lists(requests, min_size=1, max_size=3)))
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        at, width = draw(st.integers(0, len(data))), draw(st.integers(0, 2))
        data = data[:at] + draw(st.sampled_from([b"", *MUTATIONS])) + data[at + width :]
    return data


@st.composite
def cut(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> list[bytes]:
    """The bytes in pieces."""
    data = draw(whole)
    places = sorted(draw(st.lists(st.integers(0, len(data)), max_size=4)))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def read_by_h11(pieces: Sequence[bytes]) -> list[ReadRequest]:
    """What a server on h11 reads that answers each request at its end; up to the first error."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=64 * 1024)
    requests: list[ReadRequest] = []
    for piece in filter(None, pieces):
        connection.receive_data(piece)
    body = b""
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError:
            return requests
        if isinstance(event, h11.Request):
            path, _, query = event.target.partition(b"?")
            method = event.method.decode().upper()
            requests.append(ReadRequest(method, path, query, list(event.headers), None))
            body = b""
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            requests[-1] = requests[-1]._replace(body=body)
            connection.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
            connection.send(h11.EndOfMessage())
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return requests
            connection.start_next_cycle()
        else:
            return requests
