"""The endpoint under `/files`. What somebody uploaded is never shown as a page of this site: it is
a download, without sniffing, in a sandbox.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from agent_host.protocols.file_store import FileStream
from agent_host.protocols.host_context import HostContext
from agent_host.types import Caller
from agent_host_rest.config import RestConfig
from agent_host_rest.outbound import OK, file_headers


class FileEndpoints:
    """One method per operation."""

    def __init__(self, context: HostContext, config: RestConfig) -> None:
        self._context = context
        self._caller: Final = Caller(channel=config.name, operation="get_file")

    async def show(self, request: Request) -> Response:
        """A file's bytes."""
        view = await self._context.files(self._caller)
        return FileResponse(await view.open(request.path_params["file_id"]))


class FileResponse(Response):
    """Sends a stream piece by piece, as fast as the client takes it, and closes it."""

    def __init__(self, stream: FileStream) -> None:
        self._stream = stream
        self.status_code = OK
        self.body = b""
        self.background = None
        self.raw_headers = file_headers(
            media_type=stream.media_type, name=stream.name, size_bytes=stream.size_bytes
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it, or its head alone."""
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            if scope["method"] != "HEAD":
                async for chunk in self._stream:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await self._stream.aclose()


__all__ = ["FileEndpoints", "FileResponse"]
