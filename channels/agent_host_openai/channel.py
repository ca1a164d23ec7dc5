"""The OpenAI channel: its routes, and who may reach them. Thin; the work is in the files beside."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.protocols.host_context import HostContext
from agent_host_openai.chat import ChatEndpoints
from agent_host_openai.config import OpenAIConfig
from agent_host_openai.conversation import ConversationEndpoints
from agent_host_openai.conversation_record import ConversationShelf
from agent_host_openai.listing import ModelEndpoints
from agent_host_openai.model import ModelCatalogue
from agent_host_openai.not_offered import NOT_OFFERED, NotOfferedEndpoint
from agent_host_openai.response import ResponseEndpoints
from agent_host_openai.stored import ResponseShelf
from agent_host_openai.wire import render_error

_Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


class OpenAIChannel:
    """Responses, Conversations, Chat Completions and Models, for OpenAI's own clients.

    It keeps nothing between requests.
    """

    config_type: ClassVar[type[OpenAIConfig]] = OpenAIConfig

    def __init__(self, config: OpenAIConfig | None = None) -> None:
        self._config = config if config is not None else OpenAIConfig()

    @property
    def name(self) -> str:
        """The configured name, `openai` by default."""
        return self._config.name

    def routes(self, context: HostContext) -> Sequence[ChannelRoute]:
        """The whole surface; all of it is for callers."""
        config = self._config
        models = ModelCatalogue(config, target_name=context.target.name)
        shelf = ResponseShelf(context, channel=config.name, models=models)
        kept = ConversationShelf(context, config)
        responses = ResponseEndpoints(
            context, config, models=models, shelf=shelf, conversations=kept
        )
        conversations = ConversationEndpoints(config, shelf=kept)
        chat = ChatEndpoints(context, config, models=models)
        listing = ModelEndpoints(context, config, models=models)
        not_offered = NotOfferedEndpoint(context, config)
        response = "/responses/{response_id}"
        conversation = "/conversations/{conversation_id}"
        return [
            self._route("/responses", responses.create, "POST"),
            *(
                self._route(f"/responses/{name}", not_offered.refuse, "POST")
                for name in NOT_OFFERED
            ),
            self._route(response, responses.one, "GET", "DELETE"),
            self._route(f"{response}/cancel", responses.cancel, "POST"),
            self._route(f"{response}/input_items", responses.input_items, "GET"),
            self._route("/conversations", conversations.create, "POST"),
            self._route(conversation, conversations.one, "GET", "POST", "DELETE"),
            self._route(f"{conversation}/items", conversations.items, "GET", "POST"),
            self._route(f"{conversation}/items/{{item_id}}", conversations.item, "GET", "DELETE"),
            self._route("/chat/completions", chat.create, "POST"),
            self._route("/models", listing.collection, "GET"),
            self._route("/models/{model:path}", listing.one, "GET"),
        ]

    @asynccontextmanager
    async def lifespan(self, context: HostContext) -> AsyncGenerator[None]:  # noqa: ARG002
        """Nothing has to be open."""
        yield

    def _route(self, path: str, endpoint: _Endpoint, *methods: str) -> ChannelRoute:
        return ChannelRoute(
            route=Route(f"{self._config.path_prefix}{path}", endpoint, methods=list(methods)),
            access=RouteAccess.CALLER,
            body_limit_bytes=self._config.body_limit_bytes,
            render_error=render_error,
        )


__all__ = ["OpenAIChannel"]
