"""Reads a request's body."""

from starlette.requests import ClientDisconnect
from starlette.types import Receive


async def read_body(receive: Receive) -> bytes:
    """The whole body; as `Request.body`, which makes a stream of it first.

    Raises:
        ClientDisconnect: the client left before it was sent.
        TooLargeError: it is larger than what the route takes.
    """
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


__all__ = ["read_body"]
