"""An authorization server that exchanges tokens, and a service that takes them, both of which can
misbehave.
"""

import asyncio
from urllib.parse import parse_qs

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent_host.identity.on_behalf_of.token_exchange import ACCESS_TOKEN, GRANT_TYPE

ISSUER = "https://id.example"
ENDPOINT = f"{ISSUER}/token"
SERVICE = "https://orders.example"
PAIR = "Basic YWdlbnQtaG9zdDpzaGglMkY="


class Exchange:
    """Its tokens are `of-<who>-<number>`. `answers` are given before any other, `revoked` are
    tokens that the service takes no more, and `hold` keeps everybody waiting.
    """

    def __init__(self) -> None:
        self.answers: list[Response] = []
        self.asked: list[dict[str, str]] = []
        self.revoked: set[str] = set()
        self.called: list[str] = []
        self.expires_in: object = 3600
        self.members: dict[str, object] = {}
        self.hold = asyncio.Event()
        self.hold.set()
        self.app = Starlette(
            routes=[
                Route("/token", self._token, methods=["POST"]),
                Route("/orders", self._orders),
            ]
        )

    def client(self) -> httpx.AsyncClient:
        """One that reaches both and nobody else."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app))

    async def _token(self, request: Request) -> Response:
        form = {name: one[0] for name, one in parse_qs((await request.body()).decode()).items()}
        self.asked.append(form)
        number = len(self.asked)
        await self.hold.wait()
        assert request.headers["authorization"] == PAIR
        assert form["grant_type"] == GRANT_TYPE
        assert form["subject_token_type"] == ACCESS_TOKEN
        if self.answers:
            return self.answers.pop(0)
        members = {
            "access_token": f"of-{form['subject_token']}-{number}",
            "issued_token_type": ACCESS_TOKEN,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            **self.members,
        }
        return JSONResponse({name: one for name, one in members.items() if one is not None})

    async def _orders(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.called.append(token)
        if not token.startswith("of-") or token in self.revoked:
            return JSONResponse({}, status_code=401)
        return JSONResponse({"orders_of": token.split("-")[1]})
