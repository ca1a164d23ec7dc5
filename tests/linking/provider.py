"""An OpenID provider as an ASGI application that checks what it is asked, and can misbehave."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.authentication.issuer import RSA_KEYS, claims_at, jwk_of, sign

CLIENT_ID = "agent-host"
SECRET = "s+cret/of the:host"


class Provider:
    """Everybody who comes is signed in as `subject`. `claims` and `answer` change what it says,
    `token` makes the ID token.
    """

    def __init__(self, issuer: str, now: Callable[[], datetime]) -> None:
        self.issuer = issuer
        self.now = now
        self.subject = "alice-at-provider"
        self.claims: Mapping[str, object] = {}
        self.answer: dict[str, str] = {}
        self.configuration: dict[str, object] = {}
        self.documents = [jwk_of(RSA_KEYS[0], "one")]
        self.token: Callable[[dict[str, Any]], str] = sign
        self.token_answer: Response | None = None
        self.asked: list[str] = []
        self.seen: dict[str, str] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._configuration),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
            ]
        )

    def client(self) -> httpx.AsyncClient:
        """One that reaches this provider and nobody else."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app))

    async def _configuration(self, request: Request) -> Response:
        self.asked.append("configuration")
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                **self.configuration,
            }
        )

    async def _keys(self, request: Request) -> Response:
        self.asked.append("keys")
        return JSONResponse({"keys": self.documents})

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.seen = asked
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = {**asked, "sub": self.subject}
        answer = {"code": code, "state": asked["state"], **self.answer}
        said = urlencode({name: value for name, value in answer.items() if value})
        return RedirectResponse(f"{asked['redirect_uri']}?{said}", status_code=302)

    async def _token(self, request: Request) -> Response:
        self.asked.append("token")
        if self.token_answer is not None:
            return self.token_answer
        form = {name: one[0] for name, one in parse_qs((await request.body()).decode()).items()}
        if not _knows_client(request, form):
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        granted = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            granted is None
            or form["grant_type"] != "authorization_code"
            or form["redirect_uri"] != granted["redirect_uri"]
            or challenge != granted["code_challenge"]
        ):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        claims = claims_at(
            self.now(),
            **{
                "iss": self.issuer,
                "aud": CLIENT_ID,
                "sub": granted["sub"],
                "nonce": granted["nonce"],
                **self.claims,
            },
        )
        return JSONResponse({"token_type": "Bearer", "id_token": self.token(claims)})


def _knows_client(request: Request, form: dict[str, str]) -> bool:
    header = request.headers.get("authorization")
    if header is None:
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, SECRET)
    pair = base64.b64decode(header.removeprefix("Basic ")).decode()
    return pair == "agent-host:s%2Bcret%2Fof%20the%3Ahost"
