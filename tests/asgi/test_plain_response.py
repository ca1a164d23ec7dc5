"""Responses as the server writes them are what a client on h11 reads."""

import h11
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent_host.asgi.plain_response import ResponseWriter

METHODS = st.sampled_from(["GET", "HEAD", "POST"])
STATUSES = st.one_of(st.sampled_from([200, 204, 304, 404, 999]), st.integers(200, 999))
NAMES = st.text("abcXYZ0-_!~", min_size=1).map(str.encode)
VALUES = (
    st.binary()
    .map(lambda value: bytes(byte for byte in value if byte not in b"\x00\n\x0b\x0c\r"))
    .map(bytes.strip)
)
HEADERS = st.lists(st.tuples(NAMES.map(lambda name: b"x-" + name), VALUES), max_size=5)
PIECES = st.lists(st.binary(max_size=40), max_size=5)


def written(writer: ResponseWriter, head: bytes, pieces: list[bytes]) -> bytes:
    return head + b"".join(writer.body(piece) for piece in pieces) + writer.end()


def read(method: str, data: bytes) -> tuple[h11.Response, bytes, bool]:
    """A client's reading of a response, and whether it would use the connection again."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("host", "host")]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    response = client.next_event()
    assert isinstance(response, h11.Response)
    body = b""
    while isinstance(event := client.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage)
    assert client.trailing_data == (b"", False)
    return response, body, client.their_state is h11.DONE


@given(
    method=METHODS,
    status=STATUSES,
    headers=HEADERS,
    pieces=PIECES,
    closes=st.booleans(),
    announced=st.booleans(),
)
def test_a_response_is_read_as_it_was_meant(
    method: str,
    status: int,
    headers: list[tuple[bytes, bytes]],
    pieces: list[bytes],
    *,
    closes: bool,
    announced: bool,
) -> None:
    body = b"".join(pieces)
    length = [(b"Content-Length", b"%d" % len(body))] if announced else []
    writer = ResponseWriter(method=method, closes=closes)
    data = written(writer, writer.start(status, [*headers, *length]), pieces)
    response, read_body, is_kept = read(method, data)

    assert response.status_code == status
    own = [(name.lower(), value) for name, value in headers]
    assert [item for item in response.headers if item[0].startswith(b"x-")] == own
    has_none = method == "HEAD" or status in {204, 304}
    assert read_body == (b"" if has_none else body)
    assert is_kept is not closes
    assert is_kept is not writer.closes
    framing = {name for name, _ in response.headers} & {b"content-length", b"transfer-encoding"}
    if announced:
        assert framing == {b"content-length"}
    else:
        assert framing == (set() if status in {204, 304} else {b"transfer-encoding"})


@given(name=st.binary(), value=st.binary())
def test_a_header_is_written_as_one_or_not_at_all(name: bytes, value: bytes) -> None:
    """Whatever an application says, it ends neither its header nor the head."""
    assume(name.strip().lower() not in {b"connection", b"content-length", b"transfer-encoding"})
    try:
        writer = ResponseWriter(method="HEAD", closes=False)
        head = writer.start(200, [(name, value), (b"last", b"1")])
    except h11.LocalProtocolError:
        with pytest.raises(h11.LocalProtocolError):
            h11.Response(status_code=200, headers=[(name.strip(), value.strip())])
        return
    response, body, _ = read("HEAD", head)

    key = name.strip().lower()
    assert {(key, value.strip()), (b"last", b"1")} <= set(response.headers)
    assert len(response.headers) == 3
    assert body == b""


@pytest.mark.parametrize(
    "header",
    [
        (b"x", b"a\r\nset-cookie: a"),
        (b"x", b"a\nb"),
        (b"x", b"a\rb"),
        (b"x", b"a\x00b"),
        (b"x", b"a\x0bb"),
        (b"x: y\r\nz", b"a"),
        (b"x: y", b"a"),
        (b"x y", b"a"),
        (b":status", b"200"),
        (b"", b"a"),
        (b"x\xe9", b"a"),
        (b"content-length", b"1, 2"),
        (b"content-length", b"-1"),
        (b"content-length", b"1_0"),
        (b"content-length", b""),
        (b"content-length", b"1" * 21),
        (b"transfer-encoding", b"gzip"),
        (b"transfer-encoding", b"gzip, chunked"),
    ],
)
def test_a_header_that_may_not_be_is_refused(header: tuple[bytes, bytes]) -> None:
    with pytest.raises(h11.LocalProtocolError):
        ResponseWriter(method="GET", closes=False).start(200, [header])


@pytest.mark.parametrize("name", [b"Content-Length", b"Transfer-Encoding"])
def test_a_framing_said_twice_is_refused(name: bytes) -> None:
    value = b"1" if name == b"Content-Length" else b"chunked"
    with pytest.raises(h11.LocalProtocolError):
        ResponseWriter(method="GET", closes=False).start(
            200, [(name, value), (name.lower(), value)]
        )


@pytest.mark.parametrize("status", [-1, 99, 101, 103, 199, 1000])
def test_a_status_that_is_no_responses_is_refused(status: int) -> None:
    with pytest.raises(h11.LocalProtocolError):
        ResponseWriter(method="GET", closes=False).start(status, [])


@pytest.mark.parametrize("status", [200, 204])
def test_an_application_that_says_chunks_gets_them_where_there_is_a_body(status: int) -> None:
    headers = [(b"Content-Length", b"9"), (b"transfer-encoding", b"Chunked"), (b"x", b"1")]
    writer = ResponseWriter(method="GET", closes=False)
    data = written(writer, writer.start(status, headers), [b"ab", b"", b"c"])

    if status == 200:
        head = b"HTTP/1.1 200 \r\nx: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert data == head + b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    else:
        assert data == b"HTTP/1.1 204 \r\nContent-Length: 9\r\nx: 1\r\n\r\n"


@pytest.mark.parametrize(
    ("said", "closes", "written_as", "closes_then"),
    [
        ([b"close"], False, b"close", True),
        ([b"x, Close"], False, b"close, x", True),
        ([b"keep-alive"], True, b"close", True),
        ([b"keep-alive, x", b"y"], True, b"close, x, y", True),
        ([b"keep-alive"], False, b"keep-alive", False),
        ([b"closed"], False, b"closed", False),
        ([], True, b"close", True),
    ],
)
def test_whether_the_connection_is_kept_is_said_once(
    said: list[bytes], *, closes: bool, written_as: bytes, closes_then: bool
) -> None:
    writer = ResponseWriter(method="HEAD", closes=closes)
    head = writer.start(204, [(b"connection", value) for value in said])

    assert head == b"HTTP/1.1 204 \r\nConnection: " + written_as + b"\r\n\r\n"
    assert writer.closes is closes_then


def test_no_more_and_no_less_is_written_than_was_announced() -> None:
    writer = ResponseWriter(method="GET", closes=False)
    writer.start(200, [(b"content-length", b"2")])
    assert writer.body(b"a") == b"a"
    with pytest.raises(h11.LocalProtocolError, match="Too little"):
        writer.end()
    with pytest.raises(h11.LocalProtocolError, match="Too much"):
        writer.body(b"bc")
