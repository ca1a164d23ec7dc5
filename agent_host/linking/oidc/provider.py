"""Sign-in at an OpenID Connect provider: authorization code with PKCE
(https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth, RFC 9700).
"""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlencode

import httpx

from agent_host.errors import SignInError
from agent_host.jose.claim import ClaimError
from agent_host.linking.oidc.answer import code_in
from agent_host.linking.oidc.claim import recorded, shown_as
from agent_host.linking.oidc.client import OidcClient
from agent_host.linking.oidc.id_token import verify_id_token
from agent_host.linking.oidc.metadata import ProviderSource
from agent_host.linking.oidc.token_request import ask_json, client_proof, text_member
from agent_host.linking.web.browser import challenge_of
from agent_host.linking.web.provider import ProvedSubject, SignIn, SignInStart
from agent_host.protocols.clock import Clock
from agent_host.system import SystemClock
from agent_host.types.json import JsonObject

TIMEOUT_SECONDS: Final = 10.0

_logger = logging.getLogger(__name__)


class OidcProvider:
    """The `SignInProvider` of one registration. `http` is for those who go through a proxy."""

    def __init__(
        self,
        client: OidcClient,
        *,
        http: httpx.AsyncClient | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._client = client
        self._given_http = http
        self._clock = clock or SystemClock()
        self._http: httpx.AsyncClient | None = None
        self._source: ProviderSource | None = None

    @property
    def name(self) -> str:
        """The linker's."""
        return self._client.name

    @property
    def title(self) -> str:
        """What people call it."""
        return self._client.title

    @property
    def issuer(self) -> str:
        """Of all subjects that it proves."""
        return self._client.issuer

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Open a client. Nobody is asked anything before somebody signs in."""
        http = self._given_http or httpx.AsyncClient(timeout=TIMEOUT_SECONDS)
        self._http = http
        self._source = ProviderSource(
            self.issuer,
            setting=f"link.oidc.{self.name}",
            client=http,
            monotonic=self._clock.monotonic,
        )
        try:
            yield
        finally:
            self._http = self._source = None
            if self._given_http is None:
                await http.aclose()

    async def begin(self, sign_in: SignIn) -> SignInStart:
        """The authorization request."""
        _, source = self._open
        metadata = await source.metadata()
        wish = {
            **self._client.parameters,
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": sign_in.redirect_uri,
            "scope": " ".join(self._client.scopes),
            "state": sign_in.state,
            "nonce": sign_in.nonce,
            "code_challenge": challenge_of(sign_in.verifier),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in metadata.authorization_endpoint else "?"
        url = f"{metadata.authorization_endpoint}{joint}{urlencode(wish)}"
        return SignInStart(url=url, kept={})

    async def complete(
        self, sign_in: SignIn, *, kept: JsonObject, answer: Mapping[str, str]
    ) -> ProvedSubject:
        """Exchange the code and verify the ID token."""
        del kept
        http, source = self._open
        metadata = await source.metadata()
        code = code_in(answer, issuer=self.issuer, must_name_issuer=metadata.names_itself)
        headers, fields = client_proof(
            self._client.client_id, self._client.client_secret, basic=metadata.takes_basic
        )
        tokens = await ask_json(
            http,
            "POST",
            metadata.token_endpoint,
            headers=headers,
            fields={
                **fields,
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": sign_in.redirect_uri,
                "code_verifier": sign_in.verifier,
            },
        )
        try:
            claims = await verify_id_token(
                text_member(tokens, "id_token"),
                self._client,
                source,
                nonce=sign_in.nonce,
                now=self._clock.now().timestamp(),
            )
        except ClaimError as error:
            _logger.warning("an ID token of %s is refused: %s", self.name, error)
            raise SignInError("id_token") from None
        return ProvedSubject(
            issuer=self.issuer,
            subject=claims["sub"],
            shown_as=shown_as(claims),
            claims=recorded(claims, self._client.claims),
        )

    @property
    def _open(self) -> tuple[httpx.AsyncClient, ProviderSource]:
        if self._http is None or self._source is None:
            message = "the provider is not open"
            raise RuntimeError(message)
        return self._http, self._source


__all__ = ["TIMEOUT_SECONDS", "OidcProvider"]
