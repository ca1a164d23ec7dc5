"""GitHub, as far as a sign-in goes: an ASGI application that checks what it is asked."""

import base64
import hashlib
from urllib.parse import parse_qs, urlencode

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

URL = "https://github.com"
API_URL = "https://api.github.com"


class GitHub:
    """Everybody who comes is signed in as `user`."""

    def __init__(self) -> None:
        self.user: object = {"id": 583231, "login": "octocat"}
        self.codes: dict[str, dict[str, str]] = {}
        self.app = Starlette(
            routes=[
                Route("/login/oauth/authorize", self._authorize),
                Route("/login/oauth/access_token", self._token, methods=["POST"]),
                Route("/user", self._user),
            ]
        )

    def client(self) -> httpx.AsyncClient:
        """One that reaches GitHub and nobody else."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app))

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert "scope" not in asked
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        said = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{said}", status_code=302)

    async def _token(self, request: Request) -> Response:
        form = {name: one[0] for name, one in parse_qs((await request.body()).decode()).items()}
        asked = self.codes.pop(form["code"], {})
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            challenge != asked.get("code_challenge")
            or form["redirect_uri"] != asked["redirect_uri"]
            or (form["client_id"], form["client_secret"]) != ("Iv1.x", "shh")
        ):
            return JSONResponse({"error": "bad_verification_code"})  # with 200, as GitHub does
        return JSONResponse({"access_token": "gho_x", "token_type": "bearer", "scope": ""})

    async def _user(self, request: Request) -> Response:
        if request.headers["authorization"] != "Bearer gho_x":
            return JSONResponse({"message": "Bad credentials"}, status_code=401)
        return JSONResponse(self.user)
