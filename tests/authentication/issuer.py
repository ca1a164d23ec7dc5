"""An OpenID issuer as an ASGI application that signs tokens, rotates its keys and can misbehave."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

ISSUER = "https://id.example"
AUDIENCE = "agent-host"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey

# Made once, as making an RSA key takes long.
RSA_KEYS = [rsa.generate_private_key(65537, 2048) for _ in range(2)]
SHORT_KEY = rsa.generate_private_key(65537, 1024)  # noqa: S505 - the point of a test
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = Ed25519PrivateKey.generate()


def jwk_of(key: PrivateKey, kid: str | None, **members: object) -> dict[str, Any]:
    """The public half."""
    public: Any = key.public_key()
    if isinstance(key, rsa.RSAPrivateKey):
        document = RSAAlgorithm.to_jwk(public, as_dict=True)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        document = ECAlgorithm.to_jwk(public, as_dict=True)
    else:
        document = OKPAlgorithm.to_jwk(public, as_dict=True)
    named = {} if kid is None else {"kid": kid}
    return {**document, "use": "sig", "key_ops": ["verify"], **named, **members}


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    """A token put together by hand."""
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


class Issuer:
    """`documents` are the keys that it shows; `asked` what it was asked for."""

    def __init__(self) -> None:
        self.documents: list[dict[str, Any]] = [jwk_of(RSA_KEYS[0], "one")]
        self.configuration: dict[str, Any] = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"}
        self.asked: list[str] = []
        self.away = False
        self.answer: Response | None = None
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._configuration),
                Route("/keys", self._keys),
                Route("/redirected", self._keys),
            ]
        )

    def client(self) -> httpx.AsyncClient:
        """One that reaches this issuer and nobody else."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app))

    def redirect(self) -> None:
        """Send those who ask for the keys somewhere else."""
        self.answer = RedirectResponse(f"{ISSUER}/redirected")

    async def _configuration(self, request: Request) -> Response:
        self.asked.append("configuration")
        if self.away:
            raise httpx.ConnectError("nobody is there")
        return JSONResponse(self.configuration)

    async def _keys(self, request: Request) -> Response:
        self.asked.append("keys")
        if self.away:
            raise httpx.ConnectError("nobody is there")
        return self.answer or JSONResponse({"keys": self.documents})


def claims_at(now: datetime, **changes: object) -> dict[str, Any]:
    """Those of a good token; a change to None takes the claim away."""
    claims: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "alice",
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=5)).timestamp()),
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def sign(
    claims: dict[str, Any],
    *,
    key: PrivateKey | None = None,
    kid: str | None = "one",
    algorithm: str = "RS256",
) -> str:
    """A token."""
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(claims, key or RSA_KEYS[0], algorithm=algorithm, headers=headers)
