"""One answer of ours, taken apart, for the bare side to repeat."""

import json
import socket
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.server import Server
from benchmarks.wire import Answer, parse

_SECONDS = 10
_PIECE_BYTES = 65_536


def ask_once(server: Server, request: bytes) -> Answer:
    """The whole answer to one request.

    Raises:
        ConnectionError: the connection ended before that.
    """
    with _asked(server, request) as connection:
        data = b""
        while (answer := parse(data)) is None:
            data += _more(connection)
    return answer


def ask_in_part(server: Server, request: bytes, *, until: bytes) -> Answer:
    """A chunked answer up to the chunk that holds `until`.

    Raises:
        ConnectionError: the connection ended before that.
    """
    with _asked(server, request) as connection:
        data = b""
        while until not in data or not data.endswith(b"\r\n"):
            data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    return Answer(head, body)


def _asked(server: Server, request: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=_SECONDS)
    connection.sendall(request)
    return connection


def _more(connection: socket.socket) -> bytes:
    piece = connection.recv(_PIECE_BYTES)
    if not piece:
        message = "the answer broke off"
        raise ConnectionError(message)
    return piece


@contextmanager
def kept(value: object) -> Generator[str]:
    """The path of a file that holds the value as JSON, for as long as this is open."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sample.json")
        path.write_text(json.dumps(value))
        yield str(path)


__all__ = ["ask_in_part", "ask_once", "kept"]
