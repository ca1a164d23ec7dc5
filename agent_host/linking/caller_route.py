"""`/links`: the steps of a link for callers that the host's authenticator knows."""

import json
from http import HTTPStatus
from typing import Any, Final, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent_host.errors import InvalidInputError
from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.protocols.host_context import HostContext
from agent_host.protocols.link_desk import LinkView
from agent_host.types.json import JsonObject
from agent_host.types.link import LinkOffer, LinkRequest
from agent_host.types.request import Caller

PLACE: Final = "links"
"""Stands for a channel where rules are by channel: those of the host hold."""

BODY_LIMIT_BYTES: Final = 4096
_NO_STORE: Final = {"cache-control": "no-store"}


class CallerLinkRoutes:
    """Begin, claim, look, confirm, decline, unlink."""

    def __init__(self, context: HostContext) -> None:
        self._context = context

    def routes(self) -> tuple[ChannelRoute, ...]:
        """To be guarded and mounted like a channel's."""
        return tuple(
            ChannelRoute(
                route=Route(f"/links{path}", endpoint, methods=[method]),
                access=RouteAccess.CALLER,
                body_limit_bytes=BODY_LIMIT_BYTES,
            )
            for method, path, endpoint in (
                ("GET", "", self.show),
                ("POST", "", self.begin),
                ("DELETE", "", self.unlink),
                ("POST", "/claim", self.claim),
                ("POST", "/confirm", self.confirm),
                ("POST", "/decline", self.decline),
            )
        )

    async def show(self, request: Request) -> Response:
        """The ways there are, and what waits for the caller's confirmation."""
        del request
        view = await self._view("show")
        pending = await view.pending()
        waiting = None if pending is None else _request_json(pending)
        return _reply({"linkers": list(view.linkers), "pending": waiting})

    async def begin(self, request: Request) -> Response:
        """`{"linker": NAME}`, or `{}` for the default: a code or an address."""
        asked = await _body(request, "linker")
        view = await self._view("begin")
        offer = await view.begin(linker=asked.get("linker"))
        return _reply(_offer_json(offer), status=HTTPStatus.CREATED)

    async def claim(self, request: Request) -> Response:
        """`{"code": CODE}`: who offers it, and the number that the other side has to say."""
        asked = await _body(request, "code")
        view = await self._view("claim")
        return _reply(_request_json(await view.complete(_needed(asked, "code"))))

    async def confirm(self, request: Request) -> Response:
        """`{"number": NUMBER}`: linked."""
        asked = await _body(request, "number")
        view = await self._view("confirm")
        return _reply(_request_json(await view.confirm(_needed(asked, "number"))))

    async def decline(self, request: Request) -> Response:
        """End what the caller began or claimed."""
        del request
        await (await self._view("decline")).decline()
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=_NO_STORE)

    async def unlink(self, request: Request) -> Response:
        """Leave the person."""
        del request
        await (await self._view("unlink")).unlink()
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=_NO_STORE)

    async def _view(self, step: str) -> LinkView:
        return await self._context.links(Caller(channel=PLACE, operation=f"link_{step}"))


async def _body(request: Request, *members: str) -> dict[str, str]:
    body = await request.body()
    try:
        document: Any = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise InvalidInputError("Send a JSON object.")
    fields = cast("dict[str, object]", document)
    problems = tuple(
        (name, "is no text" if name in members else "is unknown")
        for name, value in fields.items()
        if name not in members or not isinstance(value, str)
    )
    if problems:
        raise InvalidInputError(f"The body takes {' and '.join(members)}, as text.", problems)
    return cast("dict[str, str]", fields)


def _needed(asked: dict[str, str], name: str) -> str:
    if name not in asked:
        raise InvalidInputError(f"`{name}` is missing.", ((name, "is missing"),))
    return asked[name]


def _offer_json(offer: LinkOffer) -> JsonObject:
    return {
        "id": offer.id,
        "linker": offer.linker,
        "expires_at": offer.expires_at.isoformat(),
        "code": offer.code,
        "url": offer.url,
    }


def _request_json(asked: LinkRequest) -> JsonObject:
    return {
        "id": asked.id,
        "linker": asked.linker,
        "other": asked.other,
        "expires_at": asked.expires_at.isoformat(),
        "number": asked.number,
    }


def _reply(content: JsonObject, *, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return JSONResponse(content, status_code=status, headers=_NO_STORE)


__all__ = ["BODY_LIMIT_BYTES", "PLACE", "CallerLinkRoutes"]
