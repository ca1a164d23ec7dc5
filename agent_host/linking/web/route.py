"""The routes of a sign-in. Who may take a step is said by its ticket or its browser, so that they
are public: none shows anything without one.
"""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from agent_host.errors import LinkStepError
from agent_host.linking.web.attempt import LIFETIME
from agent_host.linking.web.browser import Reference, read_reference
from agent_host.linking.web.page import (
    HEADERS,
    Consent,
    consent_page,
    declined_page,
    error_page,
    number_page,
    start_page,
)
from agent_host.protocols.channel import ChannelRoute, RouteAccess

if TYPE_CHECKING:
    from agent_host.linking.web.web_linker import WebLinker

BODY_LIMIT_BYTES: Final = 4096
_FIELDS_LIMIT: Final = 8


class WebRoutes:
    """Of one linker."""

    def __init__(self, linker: "WebLinker") -> None:
        self._linker = linker

    def routes(self) -> tuple[ChannelRoute, ...]:
        """To be guarded and mounted like a channel's. No ticket is without a dot."""
        return tuple(
            ChannelRoute(
                route=Route(f"{self._linker.path}{path}", endpoint, methods=[method]),
                access=RouteAccess.PUBLIC,
                body_limit_bytes=BODY_LIMIT_BYTES,
                render_error=error_page,
            )
            for method, path, endpoint in (
                ("GET", "/callback", self.call_back),
                ("GET", "/consent", self.review),
                ("POST", "/consent", self.decide),
                ("GET", "/{ticket}", self.show),
                ("POST", "/{ticket}", self.start),
            )
        )

    async def show(self, request: Request) -> Response:
        """Ask whether to go on."""
        there = await self._linker.show(request.path_params["ticket"])
        return start_page(title=self._linker.title, there=there)

    async def start(self, request: Request) -> Response:
        """Give the browser its secret and send it to the provider."""
        started = await self._linker.start(request.path_params["ticket"])
        response = _redirect(started.url)
        self._set_cookie(response, started.reference, started.secret)
        return response

    async def call_back(self, request: Request) -> Response:
        """Take the provider's answer, and leave the address that it stands in."""
        answer = dict(request.query_params.multi_items())
        if len(answer) != len(request.query_params.multi_items()):
            raise LinkStepError  # RFC 6749 §3.1: no parameter twice
        reference = await self._linker.call_back(answer, request.cookies)
        return _redirect(f"consent?at={reference}")

    async def review(self, request: Request) -> Response:
        """Show who would be linked with whom."""
        proved = await self._linker.review(request.query_params.get("at", ""), request.cookies)
        return consent_page(
            Consent(
                here=proved.here,
                there=proved.there,
                reference=str(proved.reference),
                token=proved.token,
            )
        )

    async def decide(self, request: Request) -> Response:
        """Take the decision."""
        form = await _form(request)
        agreed = form.get("decision") == "yes"
        asked = await self._linker.decide(
            form.get("at", ""), form.get("token", ""), request.cookies, agreed=agreed
        )
        if asked is None:
            response = declined_page()
        else:
            response = number_page(number=asked.number or "", there=asked.other)
        reference = read_reference(form.get("at", ""))
        if reference is not None:
            self._set_cookie(response, reference, "", max_age=0)
        return response

    def _set_cookie(
        self,
        response: Response,
        reference: Reference,
        secret: str,
        *,
        max_age: int = int(LIFETIME.total_seconds()),
    ) -> None:
        response.set_cookie(
            self._linker.cookie_name(reference),
            secret,
            max_age=max_age,
            path="/",
            secure=self._linker.is_secure,
            httponly=True,
            samesite="lax",
        )


async def _form(request: Request) -> dict[str, str]:
    body = await request.body()
    try:
        fields = parse_qs(
            body.decode("ascii"), max_num_fields=_FIELDS_LIMIT, keep_blank_values=True
        )
    except ValueError:
        raise LinkStepError from None
    return {name: values[0] for name, values in fields.items() if len(values) == 1}


def _redirect(url: str) -> RedirectResponse:
    return RedirectResponse(url, status_code=HTTPStatus.SEE_OTHER, headers=HEADERS)


__all__ = ["BODY_LIMIT_BYTES", "WebRoutes"]
