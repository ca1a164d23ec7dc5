"""An identity provider for one person, who is always signed in: enough of OpenID Connect to play
the provider's part of an example. It checks the code and PKCE; a real one asks for a password.
"""

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import parse_qs, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID = "the-host"


class IdentityProvider:
    """`subject` is who the person is there, `email` what they are called."""

    def __init__(self, issuer: str, *, subject: str, email: str) -> None:
        self._issuer = issuer
        self._about: dict[str, Any] = {"sub": subject, "email": email, "email_verified": True}
        self._key = rsa.generate_private_key(65537, 2048)
        self._codes: dict[str, dict[str, str]] = {}
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._describe),
                Route("/authorize", self._authorize),
                Route("/token", self._exchange, methods=["POST"]),
                Route("/keys", self._show_keys),
            ]
        )

    async def _describe(self, request: Request) -> Response:
        del request
        return JSONResponse(
            {
                "issuer": self._issuer,
                "authorization_endpoint": f"{self._issuer}/authorize",
                "token_endpoint": f"{self._issuer}/token",
                "jwks_uri": f"{self._issuer}/keys",
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        code = secrets.token_urlsafe()
        self._codes[code] = asked
        answer = urlencode({"code": code, "state": asked["state"], "iss": self._issuer})
        return RedirectResponse(f"{asked['redirect_uri']}?{answer}")

    async def _exchange(self, request: Request) -> Response:
        form = {
            name: values[0] for name, values in parse_qs((await request.body()).decode()).items()
        }
        asked = self._codes.pop(form["code"], {})
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked.get("code_challenge"):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self._about,
        }
        token = jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": "one"})
        return JSONResponse({"token_type": "Bearer", "access_token": "-", "id_token": token})

    async def _show_keys(self, request: Request) -> Response:
        del request
        key = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return JSONResponse({"keys": [{**key, "kid": "one", "use": "sig"}]})
