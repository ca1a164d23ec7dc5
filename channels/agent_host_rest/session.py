"""The endpoints under `/sessions`. A session is named by its id or by the caller's name for it."""

from starlette.requests import Request
from starlette.responses import Response

from agent_host.protocols.host_context import HostContext
from agent_host.types import Caller
from agent_host.wire.reply import JsonReply
from agent_host_rest.config import RestConfig
from agent_host_rest.outbound import NO_CONTENT, from_history, from_session
from agent_host_rest.wish import MESSAGES_DEFAULT, MESSAGES_LIMIT, to_limit, to_session_key


class SessionEndpoints:
    """One method per operation."""

    def __init__(self, context: HostContext, config: RestConfig) -> None:
        self._context = context
        self._get = Caller(channel=config.name, operation="get_session")
        self._delete = Caller(channel=config.name, operation="delete_session")
        self._reset = Caller(channel=config.name, operation="reset_session")

    async def item(self, request: Request) -> Response:
        """Show or delete, by the method."""
        return await (self.delete if request.method == "DELETE" else self.show)(request)

    async def show(self, request: Request) -> Response:
        """A session with its newest messages."""
        limit = to_limit(request.query_params, default=MESSAGES_DEFAULT, most=MESSAGES_LIMIT)
        view = await self._context.sessions(self._get)
        return JsonReply(from_history(await view.get(_session(request), limit=limit)))

    async def delete(self, request: Request) -> Response:
        """Forget a session and its history."""
        view = await self._context.sessions(self._delete)
        await view.delete(_session(request))
        return Response(status_code=NO_CONTENT)

    async def reset(self, request: Request) -> Response:
        """Begin anew under the same name."""
        view = await self._context.sessions(self._reset)
        return JsonReply(from_session(await view.reset(_session(request))))


def _session(request: Request) -> str:
    return to_session_key(request.path_params["session_id"])


__all__ = ["SessionEndpoints"]
