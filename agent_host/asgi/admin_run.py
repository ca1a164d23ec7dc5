"""`/admin/runs`: everybody's runs, for callers with the scope `admin` only. See `admin_json.py`."""

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent_host.asgi.admin_json import report_json, run_json
from agent_host.asgi.admin_query import AdminQuery, run_id_of
from agent_host.asgi.audit import audited
from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.protocols.operator import RunOperator

BODY_LIMIT_BYTES: Final = 4096
"""None of these routes reads a body."""

NO_STORE: Final = {"cache-control": "no-store"}


class AdminRuns:
    """List, show, cancel."""

    def __init__(self, operator: RunOperator) -> None:
        self._operator = operator

    def routes(self) -> tuple[ChannelRoute, ...]:
        """To be guarded and mounted like a channel's."""
        return tuple(
            ChannelRoute(
                route=Route(f"/admin/runs{path}", endpoint, methods=[method]),
                access=RouteAccess.ADMIN,
                body_limit_bytes=BODY_LIMIT_BYTES,
            )
            for method, path, endpoint in (
                ("GET", "", self.list),
                ("GET", "/{id}", self.show),
                ("POST", "/{id}/cancel", self.cancel),
            )
        )

    async def list(self, request: Request) -> Response:
        """`?status=&cursor=&limit=`: a page, newest first."""
        query = AdminQuery(request, "status", "cursor", "limit")
        page = await self._operator.list(
            status=query.status(), cursor=query.cursor("cursor"), limit=query.limit()
        )
        runs = [run_json(run) for run in page.items]
        return JSONResponse({"runs": runs, "next_cursor": page.next_cursor}, headers=NO_STORE)

    async def show(self, request: Request) -> Response:
        """One run."""
        AdminQuery(request)
        report = await self._operator.show(run_id_of(request))
        return JSONResponse(report_json(report), headers=NO_STORE)

    async def cancel(self, request: Request) -> Response:
        """Ask it to stop; the run as it is then."""
        AdminQuery(request)
        run_id = run_id_of(request)
        work = self._operator.cancel(run_id)
        run = await audited(work, action="run.cancel", subject=run_id)
        return JSONResponse(run_json(run), headers=NO_STORE)


__all__ = ["BODY_LIMIT_BYTES", "NO_STORE", "AdminRuns"]
