"""The endpoint under `/commands`: what the host answers itself."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from agent_host.protocols.host_context import HostContext
from agent_host.types import Caller
from agent_host.wire.body import read_body
from agent_host.wire.reply import JsonReply
from agent_host_rest.config import RestConfig
from agent_host_rest.inbound import to_command
from agent_host_rest.outbound import UNSUPPORTED_MEDIA_TYPE, from_command


class CommandEndpoints:
    """One operation."""

    def __init__(self, context: HostContext, config: RestConfig) -> None:
        self._context = context
        self._config = config
        self._run = Caller(channel=config.name, operation="run_command")

    async def run(self, request: Request) -> Response:
        """Give a command.

        A name that nobody declared is 404: what it says is a turn's, see `POST /invocations`.
        """
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            detail = "The body should be application/json."
            raise HTTPException(UNSUPPORTED_MEDIA_TYPE, detail)
        body = await read_body(request.receive)
        name: str = request.path_params["command_name"]
        asked = to_command(body, name, caller=self._run, config=self._config)
        return JsonReply(from_command(await self._context.command(asked)))


__all__ = ["CommandEndpoints"]
