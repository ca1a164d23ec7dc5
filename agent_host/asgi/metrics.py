"""`/metrics`: the host's counts as Prometheus text, for callers with the scope `admin` only."""

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent_host.protocols.channel import ChannelRoute, RouteAccess

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def metrics_route(render: Callable[[], bytes]) -> ChannelRoute:
    """The route, to be guarded and mounted like a channel's. `render` is called in a worker thread:
    it locks and walks every metric.
    """

    async def metrics(request: Request) -> Response:
        del request
        text = await asyncio.to_thread(render)
        headers = {"cache-control": "no-store", "content-type": CONTENT_TYPE}
        return Response(text, headers=headers)

    route = Route("/metrics", metrics, methods=["GET"])
    return ChannelRoute(route=route, access=RouteAccess.ADMIN)


__all__ = ["CONTENT_TYPE", "metrics_route"]
