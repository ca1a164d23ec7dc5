"""Exchanges tokens by OAuth 2.0 Token Exchange (RFC 8693, https://www.rfc-editor.org/rfc/rfc8693):
Okta and others.
"""

import base64
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from agent_host.errors import ConfigurationError, ExchangeUnavailableError
from agent_host.identity.on_behalf_of.refusal import refusal
from agent_host.jose.discovery import read_limited
from agent_host.jose.endpoint import check_endpoint
from agent_host.protocols.clock import Clock
from agent_host.system import SystemClock
from agent_host.types.on_behalf_of import CallerToken, GrantedToken

GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name
_TIMEOUT_SECONDS: Final = 10.0
_LIFETIME_LIMIT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenExchangeClient:
    """What the host is at the server. `issuer` is whose tokens are exchanged there; `audience` and
    `resource` name the downstream service, where the server asks for that.

    Raises:
        ConfigurationError: values that could not work, or would show tokens to others.
    """

    issuer: str
    token_endpoint: str
    client_id: str
    client_secret: SecretStr
    audience: str | None = None
    resource: str | None = None

    def __post_init__(self) -> None:
        check_endpoint(self.token_endpoint, "on_behalf_of.token_endpoint")
        if not self.client_id or not self.client_secret.get_secret_value():
            raise ConfigurationError(
                "`on_behalf_of` needs `on_behalf_of.client_id` and `on_behalf_of.client_secret`."
            )


class TokenExchange:
    """The `TokenExchanger` of one server. `http` is for those who go through a proxy."""

    def __init__(
        self,
        client: TokenExchangeClient,
        *,
        http: httpx.AsyncClient | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._client = client
        self._given_http = http
        self._clock = clock or SystemClock()
        self._http: httpx.AsyncClient | None = None

    @property
    def issuers(self) -> Sequence[str]:
        """The one."""
        return (self._client.issuer,)

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Open a client."""
        http = self._http = self._given_http or httpx.AsyncClient(timeout=_TIMEOUT_SECONDS)
        try:
            yield
        finally:
            self._http = None
            if self._given_http is None:
                await http.aclose()

    async def exchange(self, token: CallerToken, scopes: tuple[str, ...]) -> GrantedToken:
        """A token for these scopes in the caller's name."""
        if self._http is None:
            raise ExchangeUnavailableError
        fields = {
            "grant_type": GRANT_TYPE,
            "subject_token": token.value,
            "subject_token_type": ACCESS_TOKEN,
            "requested_token_type": ACCESS_TOKEN,
            "scope": " ".join(scopes),
            "audience": self._client.audience,
            "resource": self._client.resource,
        }
        asked_at = self._clock.now()
        try:
            async with self._http.stream(
                "POST",
                self._client.token_endpoint,
                data={name: value for name, value in fields.items() if value},
                headers={"accept": "application/json", "authorization": self._proof()},
                follow_redirects=False,
            ) as response:
                body = await read_limited(response)
        except (httpx.HTTPError, ValueError):
            raise ExchangeUnavailableError from None  # what was sent must not be in a traceback
        answer = _read(body)
        busy = response.status_code == HTTPStatus.TOO_MANY_REQUESTS
        if busy or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or answer is None:
            raise ExchangeUnavailableError
        if response.status_code != HTTPStatus.OK:
            raise refusal(answer)
        value, kind = answer.get("access_token"), answer.get("token_type")
        if not isinstance(value, str) or str(kind).lower() != "bearer":
            raise ExchangeUnavailableError
        granted = answer.get("scope")
        return GrantedToken(
            value=value,
            expires_at=asked_at + _lifetime(answer.get("expires_in")),
            scopes=tuple(granted.split()) if isinstance(granted, str) else scopes,
        )

    def _proof(self) -> str:
        secret = self._client.client_secret.get_secret_value()
        pair = f"{quote(self._client.client_id, safe='')}:{quote(secret, safe='')}"
        return f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"


def _read(body: bytes) -> dict[str, Any] | None:
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", document) if isinstance(document, dict) else None


def _lifetime(seconds: object) -> timedelta:
    """Zero where the server does not say: then it is used once."""
    if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 0:
        return timedelta()
    return min(timedelta(seconds=min(seconds, 10**9)), _LIFETIME_LIMIT)


__all__ = ["ACCESS_TOKEN", "GRANT_TYPE", "TokenExchange", "TokenExchangeClient"]
