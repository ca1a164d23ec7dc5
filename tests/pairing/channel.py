"""A chat channel that nobody writes to: tests speak to the host in its name."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.protocols.host_context import HostContext


class StillChannel:
    """Its platform would sign what it sends."""

    def __init__(self, name: str) -> None:
        self.name = name

    def routes(self, context: HostContext) -> Sequence[ChannelRoute]:
        async def receive(_: Request) -> Response:
            return Response()

        route = Route(f"/{self.name}", receive, methods=["POST"])
        return [ChannelRoute(route=route, access=RouteAccess.SIGNED)]

    @asynccontextmanager
    async def lifespan(self, context: HostContext) -> AsyncGenerator[None]:
        yield
