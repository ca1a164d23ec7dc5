"""Whether the process lives and whether it takes work: `/healthz` and `/readyz`.

Public, so they say nothing of what the host does, holds or is connected to.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent_host.errors import StoreError
from agent_host.protocols.channel import ChannelRoute, RouteAccess

_NO_STORE: Final = {"cache-control": "no-store"}

_logger = logging.getLogger(__name__)


def health_routes(
    *,
    started: Callable[[], bool],
    draining: Callable[[], bool],
    check_store: Callable[[], Awaitable[None]],
    at_most: timedelta = timedelta(seconds=2),
) -> tuple[ChannelRoute, ...]:
    """The two routes, to be guarded and mounted like a channel's.

    `/healthz` answers 200 as long as the event loop turns. `/readyz` answers 200 if the host has
    started, does not drain, and `check_store` returns within `at_most`; else 503 with the names of
    what is not ready: `started`, `accepting`, `store`.
    """

    async def healthz(request: Request) -> Response:
        del request
        return JSONResponse({"status": "alive"}, headers=_NO_STORE)

    async def readyz(request: Request) -> Response:
        del request
        checks = {"started": started(), "accepting": not draining()}
        checks["store"] = checks["started"] and await _answers(check_store, at_most)
        if all(checks.values()):
            return JSONResponse({"status": "ready"}, headers=_NO_STORE)
        failing = [name for name, passed in checks.items() if not passed]
        return JSONResponse(
            {"status": "not_ready", "failing": failing},
            status_code=HTTPStatus.SERVICE_UNAVAILABLE,
            headers=_NO_STORE,
        )

    return tuple(
        ChannelRoute(
            route=Route(f"/{endpoint.__name__}", endpoint, methods=["GET"]),
            access=RouteAccess.PUBLIC,
        )
        for endpoint in (healthz, readyz)
    )


async def _answers(check_store: Callable[[], Awaitable[None]], at_most: timedelta) -> bool:
    try:
        async with asyncio.timeout(at_most.total_seconds()):
            await check_store()
    except (StoreError, TimeoutError) as error:
        _logger.warning("the store is not ready: %s", str(error) or "no answer in time")
        return False
    except Exception:
        _logger.exception("the store's check failed")
        return False
    return True


__all__ = ["health_routes"]
