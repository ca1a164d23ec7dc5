"""The endpoints of operations that no host can answer truly: they say so."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from agent_host.protocols.host_context import HostContext
from agent_host.types import Caller
from agent_host.wire.body import read_body
from agent_host_openai.config import OpenAIConfig
from agent_host_openai.problem import NotOfferedError

NOT_OFFERED: Final = {
    "compact": "what a target remembers, and how, is its own affair",
    "input_tokens": "only the target knows its model, and so what a token is",
}
"""By the end of the path below `/responses`, why there is no true answer."""


class NotOfferedEndpoint:
    """Refuses whoever may call."""

    def __init__(self, context: HostContext, config: OpenAIConfig) -> None:
        self._context = context
        self._caller = Caller(channel=config.name, operation="not_offered")

    async def refuse(self, request: Request) -> Response:
        """Never an answer.

        Raises:
            NotOfferedError: always.
        """
        await read_body(request.receive)
        await self._context.runs(self._caller)
        name: str = request.scope["path"].rpartition("/")[2]
        raise NotOfferedError(f"/responses/{name}", NOT_OFFERED[name])


__all__ = ["NOT_OFFERED", "NotOfferedEndpoint"]
