"""`/admin/people`, `/admin/person`, `/admin/erasures`: people and their rights over what is kept of
them, for callers with the scope `admin` only. See `person_json.py`; every change is in the log.

A person is named in the query, as an app's own keys may have any characters.
"""

from collections.abc import AsyncIterator

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agent_host.asgi.admin_query import AdminQuery
from agent_host.asgi.admin_run import BODY_LIMIT_BYTES, NO_STORE
from agent_host.asgi.audit import audited
from agent_host.asgi.person_json import person_json, receipt_json, whole_person_json
from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.protocols.people import PeopleOperator
from agent_host.types.json import JsonObject


class AdminPeople:
    """List, show, unlink, forget, export."""

    def __init__(self, operator: PeopleOperator) -> None:
        self._operator = operator

    def routes(self) -> tuple[ChannelRoute, ...]:
        """To be guarded and mounted like a channel's."""
        return tuple(
            ChannelRoute(
                route=Route(f"/admin/{path}", endpoint, methods=[method]),
                access=RouteAccess.ADMIN,
                body_limit_bytes=BODY_LIMIT_BYTES,
            )
            for method, path, endpoint in (
                ("GET", "people", self.list),
                ("GET", "person", self.show),
                ("POST", "person/unlink", self.unlink),
                ("POST", "person/forget", self.forget),
                ("GET", "person/export", self.export),
                ("GET", "erasures", self.receipts),
            )
        )

    async def list(self, request: Request) -> Response:
        """`?tenant=&cursor=&limit=`: a page of those who were seen in a chat or are linked."""
        query = AdminQuery(request, "tenant", "cursor", "limit")
        page = await self._operator.list(
            query.tenant(), cursor=query.text("cursor"), limit=query.limit()
        )
        people = [person_json(person) for person in page.items]
        return JSONResponse({"people": people, "next_cursor": page.next_cursor}, headers=NO_STORE)

    async def show(self, request: Request) -> Response:
        """`?tenant=&key=`, or `?tenant=&channel=&account=&native_id=` of one of their identities:
        identities, when they were last seen, and partitions.
        """
        query = AdminQuery(request, "tenant", "key", "channel", "account", "native_id")
        identity = query.native_identity()
        if identity is None:
            found = await self._operator.show(query.person())
        else:
            found = await self._operator.find(identity)
        return JSONResponse(whole_person_json(found), headers=NO_STORE)

    async def unlink(self, request: Request) -> Response:
        """`?tenant=&key=&identity=`: take an identity out, by its own key; who stays."""
        query = AdminQuery(request, "tenant", "key", "identity")
        person, identity = query.person(), query.identity()
        work = self._operator.unlink(person, identity)
        found = await audited(
            work, action="person.unlink", subject=f"{identity} from {person.isolation_key}"
        )
        return JSONResponse(whole_person_json(found), headers=NO_STORE)

    async def forget(self, request: Request) -> Response:
        """`?tenant=&key=`: erase everything that is kept of them; the receipt.

        It is done before the answer comes, whether or not the client waits for it.
        """
        person = AdminQuery(request, "tenant", "key").person()
        work = self._operator.forget(person)
        receipt = await audited(work, action="person.forget", subject=person.isolation_key)
        return JSONResponse(receipt_json(receipt), headers=NO_STORE)

    async def export(self, request: Request) -> Response:
        """`?tenant=&key=`: everything that is kept of them, one JSON object in each line. An answer
        whose last line is not of the type `end` is not whole.
        """
        person = AdminQuery(request, "tenant", "key").person()
        lines = self._operator.export(person)
        # With the first line it is known whether there is anybody.
        first = await audited(anext(lines), action="person.export", subject=person.isolation_key)
        return StreamingResponse(
            _encoded(first, lines), media_type="application/jsonl", headers=NO_STORE
        )

    async def receipts(self, request: Request) -> Response:
        """`?cursor=&limit=`: receipts of erasures, newest first."""
        query = AdminQuery(request, "cursor", "limit")
        page = await self._operator.receipts(cursor=query.cursor("cursor"), limit=query.limit())
        erasures = [receipt_json(receipt) for receipt in page.items]
        return JSONResponse(
            {"erasures": erasures, "next_cursor": page.next_cursor}, headers=NO_STORE
        )


async def _encoded(first: JsonObject, rest: AsyncIterator[JsonObject]) -> AsyncIterator[bytes]:
    yield orjson.dumps(first, option=orjson.OPT_APPEND_NEWLINE)
    async for line in rest:
        yield orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


__all__ = ["AdminPeople"]
