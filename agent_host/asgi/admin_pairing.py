"""`/admin/pairings`: who asks to be let in, for callers with the scope `admin` only.

A code is named in the path: it is of use to operators alone, and only once. The log has the
pairing's id instead.
"""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent_host.asgi.admin_query import AdminQuery, pairing_id_of
from agent_host.asgi.admin_run import BODY_LIMIT_BYTES, NO_STORE
from agent_host.asgi.audit import audited
from agent_host.asgi.person_json import pairing_json, pairing_request_json
from agent_host.context import current_principal
from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.protocols.pairing import PairingOperator
from agent_host.types.pairing import PairingVerdict


class AdminPairings:
    """List, approve, deny, revoke."""

    def __init__(self, operator: PairingOperator) -> None:
        self._operator = operator

    def routes(self) -> tuple[ChannelRoute, ...]:
        """To be guarded and mounted like a channel's."""
        return tuple(
            ChannelRoute(
                route=Route(f"/admin/pairings{path}", endpoint, methods=[method]),
                access=RouteAccess.ADMIN,
                body_limit_bytes=BODY_LIMIT_BYTES,
            )
            for method, path, endpoint in (
                ("GET", "", self.waiting),
                ("GET", "/decided", self.decided),
                ("POST", "/{code}/approve", self.approve),
                ("POST", "/{code}/deny", self.deny),
                ("DELETE", "/{id}", self.revoke),
            )
        )

    async def waiting(self, request: Request) -> Response:
        """`?cursor=&limit=`: who waits."""
        query = AdminQuery(request, "cursor", "limit")
        page = await self._operator.waiting(cursor=query.text("cursor"), limit=query.limit())
        found = [pairing_request_json(one) for one in page.items]
        return JSONResponse({"pairings": found, "next_cursor": page.next_cursor}, headers=NO_STORE)

    async def decided(self, request: Request) -> Response:
        """`?cursor=&limit=`: who was let in, or kept out."""
        query = AdminQuery(request, "cursor", "limit")
        page = await self._operator.decided(cursor=query.cursor("cursor"), limit=query.limit())
        found = [pairing_json(one) for one in page.items]
        return JSONResponse({"pairings": found, "next_cursor": page.next_cursor}, headers=NO_STORE)

    async def approve(self, request: Request) -> Response:
        """Let in whoever was shown this code."""
        return await self._decide(request, PairingVerdict.APPROVED)

    async def deny(self, request: Request) -> Response:
        """Keep out whoever was shown this code."""
        return await self._decide(request, PairingVerdict.DENIED)

    async def revoke(self, request: Request) -> Response:
        """Take back what was said."""
        AdminQuery(request)
        found = pairing_id_of(request)
        await audited(self._operator.revoke(found), action="pairing.revoke", subject=found)
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=NO_STORE)

    async def _decide(self, request: Request, verdict: PairingVerdict) -> Response:
        AdminQuery(request)
        who = current_principal.get()
        by = "nobody" if who is None else who.id
        pairing = await audited(
            self._operator.decide(request.path_params["code"], verdict, by=by),
            action=f"pairing.{verdict.value}",
            subject="a code that leads nowhere",
            subject_of=lambda pairing: pairing.id,
        )
        return JSONResponse(pairing_json(pairing), headers=NO_STORE)


__all__ = ["AdminPairings"]
