"""Microsoft Entra and Graph for one directory: an ASGI application that checks what it is asked."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import requests
from requests.adapters import HTTPAdapter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.authentication.issuer import RSA_KEYS, claims_at, jwk_of, sign

TENANT = "11112222-3333-4444-5555-666677778888"
AUTHORITY = "https://login.example"
GRAPH = "https://graph.example"
CLIENT_ID = "app-1"
SECRET = "entra-secret"


class Entra:
    """`answers` are given to requests for tokens before any other; `asked` are their forms."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.claims: Mapping[str, object] = {}
        self.answers: list[Response] = []
        self.asked: list[dict[str, str]] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.groups: list[object] = [{"value": [{"id": "g1"}, {"id": "g2"}]}]
        self.token: Callable[[dict[str, Any]], str] = sign
        self.expires_in = 3600
        base = f"/{TENANT}"
        self.app = Starlette(
            routes=[
                Route(f"{base}/v2.0/.well-known/openid-configuration", self._configuration),
                Route(f"{base}/authorize", self._authorize),
                Route(f"{base}/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
                Route("/v1.0/{path:path}", self._graph),
            ]
        )

    @property
    def issuer(self) -> str:
        """As tokens of version 2.0 name it."""
        return f"{AUTHORITY}/{TENANT}/v2.0"

    def client(self) -> httpx.AsyncClient:
        """One that reaches Entra and Graph and nobody else."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app))

    async def _configuration(self, request: Request) -> Response:
        base = f"{AUTHORITY}/{TENANT}"
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{base}/authorize",
                "token_endpoint": f"{base}/token",
                "jwks_uri": f"{AUTHORITY}/keys",
            }
        )

    async def _keys(self, request: Request) -> Response:
        return JSONResponse({"keys": [jwk_of(RSA_KEYS[0], "one")]})

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256"
        assert asked["response_mode"] == "query"
        assert "offline_access" not in asked["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        said = urlencode({"code": code, "state": asked["state"], "session_state": "x"})
        return RedirectResponse(f"{asked['redirect_uri']}?{said}", status_code=302)

    async def _token(self, request: Request) -> Response:
        form = {name: one[0] for name, one in parse_qs((await request.body()).decode()).items()}
        self.asked.append(form)
        assert form["client_id"] == CLIENT_ID
        if "client_assertion" not in form:
            assert form["client_secret"] == SECRET
        if self.answers:
            return self.answers.pop(0)
        if form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer":
            assert form["requested_token_use"] == "on_behalf_of"
            token = f"downstream-{len(self.asked)}"
            return JSONResponse(
                {
                    "token_type": "Bearer",
                    "access_token": token,
                    "expires_in": self.expires_in,
                    "scope": form["scope"],
                }
            )
        asked = self.codes.pop(form["code"])
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        assert challenge == asked["code_challenge"]
        assert form["redirect_uri"] == asked["redirect_uri"]
        claims = claims_at(
            self.now(),
            **{
                "iss": self.issuer,
                "aud": CLIENT_ID,
                "sub": "pairwise-alice",
                "oid": "oid-alice",
                "tid": TENANT,
                "preferred_username": "alice@example.org",
                "nonce": asked["nonce"],
                **self.claims,
            },
        )
        return JSONResponse(
            {
                "token_type": "Bearer",
                "access_token": "graph-token",
                "expires_in": 3600,
                "id_token": self.token(claims),
            }
        )

    async def _graph(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer graph-token"
        page = self.groups.pop(0)
        return page if isinstance(page, Response) else JSONResponse(page)


class Rewired(HTTPAdapter):
    """For MSAL, which speaks https only: to a server of this machine instead."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = urlsplit(url)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        place = urlsplit(str(request.url))
        request.url = place._replace(scheme="http", netloc=self._url.netloc).geturl()
        return super().send(request, *args, **kwargs)


def session_to(url: str) -> requests.Session:
    """What MSAL asks over."""
    session = requests.Session()
    session.mount("https://", Rewired(url))
    return session
