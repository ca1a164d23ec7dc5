"""`/metrics`: the host's counts as Prometheus text, for callers with the scope `admin` only."""

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent_host.context import current_principal
from agent_host.errors import DeniedError
from agent_host.protocols.channel import ChannelRoute, RouteAccess

ADMIN_SCOPE: Final = "admin"
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def metrics_route(render: Callable[[], bytes]) -> ChannelRoute:
    """The route, to be guarded and mounted like a channel's. `render` is called in a worker thread:
    it locks and walks every metric.
    """

    async def metrics(request: Request) -> Response:
        del request
        principal = current_principal.get()
        if principal is None or ADMIN_SCOPE not in principal.scopes:
            message = "This needs the scope 'admin'."
            raise DeniedError(message, "scope")
        text = await asyncio.to_thread(render)
        headers = {"cache-control": "no-store", "content-type": CONTENT_TYPE}
        return Response(text, headers=headers)

    return ChannelRoute(
        route=Route("/metrics", metrics, methods=["GET"]), access=RouteAccess.CALLER
    )


__all__ = ["ADMIN_SCOPE", "CONTENT_TYPE", "metrics_route"]
