"""What all endpoints do with a request: a header of it, how an error is answered."""

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from agent_host.errors import HostError
from agent_host.wire.reply import JsonReply
from agent_host_openai.outbound import from_error


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


__all__ = ["header_of", "render_error"]
