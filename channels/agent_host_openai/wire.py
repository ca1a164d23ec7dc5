"""What all endpoints do with a request: its body, who calls, how an error is answered."""

from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Receive

from agent_host.errors import HostError
from agent_host_openai.outbound import from_error
from agent_host_openai.reply import JsonReply


async def read_body(receive: Receive) -> bytes:
    """The whole body; as `Request.body`, which makes a stream of it first.

    Raises:
        ClientDisconnect: the client left before it was sent.
    """
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def header_of(request: Request, name: bytes) -> bytes | None:
    """A header of the request, whose name is lower case."""
    for found, value in request.scope["headers"]:
        if found == name:
            return bytes(value)
    return None


async def render_error(connection: HTTPConnection, error: HostError) -> Response:
    """An error in OpenAI's words: the channel's `RenderError`."""
    del connection
    answer = from_error(error)
    return JsonReply(answer.body, status=answer.status, headers=answer.headers)


__all__ = ["header_of", "read_body", "render_error"]
