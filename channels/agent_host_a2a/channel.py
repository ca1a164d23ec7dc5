"""The A2A channel: its routes, and who may reach them. Thin; the work is in the files beside."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent_host.protocols.channel import ChannelRoute, RenderError, RouteAccess
from agent_host.protocols.host_context import HostContext
from agent_host_a2a.card import CardMaker
from agent_host_a2a.card_endpoint import CardEndpoint
from agent_host_a2a.config import A2AConfig
from agent_host_a2a.extended_card import ExtendedCard
from agent_host_a2a.http_json import HttpEndpoints, render_http_error
from agent_host_a2a.http_json_0_3 import OldHttpEndpoints, render_http_error_0_3
from agent_host_a2a.operation import TaskOperations
from agent_host_a2a.part import Fields
from agent_host_a2a.push_operation import PushOperations
from agent_host_a2a.push_sender import PushSender
from agent_host_a2a.rpc import RpcEndpoint, render_rpc_error
from agent_host_a2a.schema import CARD_PATH, CARD_PATH_0_2, HTTP_PATH_0_3, RPC_PATH_0_2
from agent_host_a2a.task_list import TaskList
from agent_host_a2a.tasks_send import TasksSend


class A2AChannel:
    """Both bindings and the card. It keeps nothing between requests but the cards it made."""

    config_type: ClassVar[type[A2AConfig]] = A2AConfig

    def __init__(self, config: A2AConfig | None = None) -> None:
        self._config = config if config is not None else A2AConfig()

    @property
    def name(self) -> str:
        """The configured name, `a2a` by default."""
        return self._config.name

    def routes(self, context: HostContext) -> Sequence[ChannelRoute]:
        """The whole surface."""
        push = PushOperations(context, self._config)
        operations = TaskOperations(context, self._config, push=push)
        cards = CardMaker(
            context.target, self._config, challenge=context.challenge, sign=self._card_signer()
        )
        tasks = TaskList(context, self._config, operations=operations)
        extended_card = ExtendedCard(context, self._config, cards)
        rpc = RpcEndpoint(
            self._config,
            operations=operations,
            tasks=tasks,
            extended_card=extended_card,
            push=push,
        )
        http = HttpEndpoints(
            self._config,
            operations=operations,
            tasks=tasks,
            extended_card=extended_card,
            push=push,
        )
        old_http = OldHttpEndpoints(
            self._config, operations=operations, extended_card=extended_card, push=push
        )
        card = CardEndpoint(context, self._config, cards)

        # Functions, as the host takes a shorter way to an endpoint that is one.
        async def call(request: Request) -> Response:
            return await rpc(request)

        async def show_card(request: Request) -> Response:
            return await card(request)

        older = TasksSend(self._config, operations=operations, cards=cards)
        return [
            # Clients do not follow redirects, and add a slash or leave it out.
            self._caller_route("", call, ["POST"], render_rpc_error),
            self._caller_route("/", call, ["POST"], render_rpc_error),
            *self._http_routes(http),
            *(self._http_routes_0_3(old_http) if self._config.version_0_3 else ()),
            ChannelRoute(
                route=Route(CARD_PATH, show_card, methods=["GET"]),
                access=RouteAccess.PUBLIC,
                render_error=render_http_error,
            ),
            *(self._older_routes(older) if self._config.tasks_send else ()),
        ]

    def _card_signer(self) -> Callable[[Fields], Fields] | None:
        config = self._config
        if config.card_key_file is None:
            return None
        # Loads cryptography, for those who sign.
        from agent_host_a2a.card_signer import CardSigner  # noqa: PLC0415

        signer = CardSigner(
            config.card_key_file, key_id=config.card_key_id, key_set_url=config.card_key_set_url
        )
        return signer.signed

    @asynccontextmanager
    async def lifespan(self, context: HostContext) -> AsyncGenerator[None]:
        """Push notifications are sent while it serves, those of earlier processes too."""
        with context.follower(self.name, PushSender(context)):
            yield

    def _http_routes(self, http: HttpEndpoints) -> list[ChannelRoute]:
        task = "/tasks/{task_id}"
        configs = f"{task}/pushNotificationConfigs"
        routes: list[tuple[str, Callable[[Request], Awaitable[Response]], list[str]]] = [
            ("/message:send", http.send, ["POST"]),
            ("/message:stream", http.stream, ["POST"]),
            ("/tasks", http.list, ["GET"]),
            (f"{task}:cancel", http.cancel, ["POST"]),
            (f"{task}:subscribe", http.subscribe, ["GET", "POST"]),
            (configs, http.push, ["GET", "POST"]),
            (f"{configs}/{{config_id}}", http.push, ["DELETE", "GET"]),
            (task, http.get, ["GET"]),
            ("/extendedAgentCard", http.extended_card, ["GET"]),
        ]
        return [
            self._caller_route(path, endpoint, methods, render_http_error)
            for path, endpoint, methods in routes
        ]

    def _http_routes_0_3(self, http: OldHttpEndpoints) -> list[ChannelRoute]:
        task = f"{HTTP_PATH_0_3}/tasks/{{task_id}}"
        configs = f"{task}/pushNotificationConfigs"
        routes: list[tuple[str, Callable[[Request], Awaitable[Response]], list[str]]] = [
            (f"{HTTP_PATH_0_3}/message:send", http.send, ["POST"]),
            (f"{HTTP_PATH_0_3}/message:stream", http.stream, ["POST"]),
            (f"{task}:cancel", http.cancel, ["POST"]),
            (f"{task}:subscribe", http.subscribe, ["GET", "POST"]),
            (configs, http.push, ["GET", "POST"]),
            (f"{configs}/{{config_id}}", http.push, ["DELETE", "GET"]),
            (task, http.get, ["GET"]),
            (f"{HTTP_PATH_0_3}/card", http.card, ["GET"]),
        ]
        return [
            self._caller_route(path, endpoint, methods, render_http_error_0_3)
            for path, endpoint, methods in routes
        ]

    def _older_routes(self, older: TasksSend) -> list[ChannelRoute]:
        return [
            ChannelRoute(
                route=Route(RPC_PATH_0_2, older.call, methods=["POST"]),
                access=RouteAccess.CALLER,
                body_limit_bytes=self._config.body_limit_bytes,
                render_error=render_rpc_error,
            ),
            ChannelRoute(
                route=Route(CARD_PATH_0_2, older.card, methods=["GET"]),
                access=RouteAccess.PUBLIC,
                render_error=render_http_error,
            ),
        ]

    def _caller_route(
        self,
        path: str,
        endpoint: Callable[[Request], Awaitable[Response]],
        methods: list[str],
        render_error: RenderError,
    ) -> ChannelRoute:
        return ChannelRoute(
            route=Route(self._config.path + path, endpoint, methods=methods),
            access=RouteAccess.CALLER,
            body_limit_bytes=self._config.body_limit_bytes,
            render_error=render_error,
        )


__all__ = ["A2AChannel"]
