"""The REST channel: its routes, and who may reach them. Thin; the work is in the files beside."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.protocols.host_context import HostContext
from agent_host.types import Caller
from agent_host.wire.json_text import json_bytes
from agent_host.wire.reply import JsonReply
from agent_host_rest.command import CommandEndpoints
from agent_host_rest.config import RestConfig
from agent_host_rest.container import ContainerHealth
from agent_host_rest.document import Documents
from agent_host_rest.file import FileEndpoints
from agent_host_rest.invocation import InvocationEndpoints
from agent_host_rest.outbound import TEMPORARY_REDIRECT
from agent_host_rest.session import SessionEndpoints
from agent_host_rest.websocket import InvocationSocket


class RestChannel:
    """Invoke, stream, background, poll, answer, cancel; sessions, commands, files; and the
    container contract.

    It keeps nothing between requests but the time of the last change of health.
    """

    config_type: ClassVar[type[RestConfig]] = RestConfig

    def __init__(self, config: RestConfig | None = None) -> None:
        self._config = config if config is not None else RestConfig()

    @property
    def name(self) -> str:
        """The configured name, `rest` by default."""
        return self._config.name

    def routes(self, context: HostContext) -> Sequence[ChannelRoute]:
        """The whole surface."""
        invocations = InvocationEndpoints(context, self._config)
        sessions = SessionEndpoints(context, self._config)
        commands = CommandEndpoints(context, self._config)
        files = FileEndpoints(context, self._config)
        prefix = self._config.path_prefix
        one = f"{prefix}/invocations/{{run_id}}"
        session = f"{prefix}/sessions/{{session_id}}"
        guarded: list[Route | WebSocketRoute] = [
            Route(f"{prefix}/invocations", invocations.collection, methods=["GET", "POST"]),
            Route(one, invocations.show, methods=["GET"]),
            Route(f"{one}/events", invocations.events, methods=["GET"]),
            Route(f"{one}/cancel", invocations.cancel, methods=["POST"]),
            Route(f"{one}/answer", invocations.answer, methods=["POST"]),
            Route(session, sessions.item, methods=["GET", "DELETE"]),
            Route(f"{session}/reset", sessions.reset, methods=["POST"]),
            Route(f"{prefix}/commands/{{command_name}}", commands.run, methods=["POST"]),
            Route(f"{prefix}/files/{{file_id}}", files.show, methods=["GET"]),
            self._socket_route(context),
        ]
        return [
            *(self._route(route, RouteAccess.CALLER) for route in guarded),
            *(self._route(route, RouteAccess.PUBLIC) for route in self._public_routes(context)),
        ]

    @asynccontextmanager
    async def lifespan(self, context: HostContext) -> AsyncGenerator[None]:  # noqa: ARG002
        """Nothing has to be open."""
        yield

    def _route(self, route: Route | WebSocketRoute, access: RouteAccess) -> ChannelRoute:
        limit = self._config.body_limit_bytes
        return ChannelRoute(route=route, access=access, body_limit_bytes=limit)

    def _socket_route(self, context: HostContext) -> WebSocketRoute:
        caller = Caller(channel=self._config.name, operation="invoke")

        async def serve(websocket: WebSocket) -> None:
            await InvocationSocket(websocket, context, caller=caller, config=self._config).serve()

        return WebSocketRoute(f"{self._config.path_prefix}/ws", serve)

    def _public_routes(self, context: HostContext) -> list[Route]:
        prefix = self._config.path_prefix
        health = ContainerHealth(context)
        documents = Documents(context, self._config)

        async def ping(_: Request) -> Response:
            return JsonReply(json_bytes(health.report()))

        async def openapi(request: Request) -> Response:
            return JsonReply(json_bytes(documents.openapi.at(request.scope.get("root_path", ""))))

        routes = [
            Route(f"{prefix}/ping", ping, methods=["GET"]),
            Route(f"{prefix}/openapi.json", openapi, methods=["GET"]),
        ]
        if not self._config.docs_page:
            return routes

        async def docs(request: Request) -> Response:
            html = documents.page.render(str(request.base_url).rstrip("/"))
            return HTMLResponse(html, headers=documents.page.headers)

        async def index(request: Request) -> Response:
            root: str = request.scope.get("root_path", "")
            return RedirectResponse(f"{root}{prefix}/docs", status_code=TEMPORARY_REDIRECT)

        return [
            *routes,
            Route(f"{prefix}/docs", docs, methods=["GET"]),
            Route(f"{prefix}/", index, methods=["GET"]),
        ]


__all__ = ["RestChannel"]
