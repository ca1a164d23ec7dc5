"""The endpoints under `/models`."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from agent_host.protocols.host_context import HostContext
from agent_host.types import Caller
from agent_host.wire.json_text import json_bytes
from agent_host.wire.reply import JsonReply
from agent_host_openai.config import OpenAIConfig
from agent_host_openai.model import ModelCatalogue
from agent_host_openai.question import Fields

_OWNER: Final = "agent-host"
_CREATED: Final = 0
"""When a model was made; nobody here knows."""


class ModelEndpoints:
    """One method per operation."""

    def __init__(
        self, context: HostContext, config: OpenAIConfig, *, models: ModelCatalogue
    ) -> None:
        self._context = context
        self._models = models
        self._list = Caller(channel=config.name, operation="list_models")

    async def collection(self, _: Request) -> Response:
        """All names of the target."""
        await self._context.runs(self._list)  # who may not call has nothing to choose from
        models = [_fields(name) for name in self._models.ids]
        return JsonReply(json_bytes({"object": "list", "data": models}))

    async def one(self, request: Request) -> Response:
        """One of them."""
        await self._context.runs(self._list)
        name: str = request.path_params["model"]
        if not self._models.has(name):
            raise self._models.unknown()
        return JsonReply(json_bytes(_fields(name)))


def _fields(name: str) -> Fields:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": _OWNER}


__all__ = ["ModelEndpoints"]
