"""Exchanges tokens by Microsoft Entra's on-behalf-of flow, over MSAL
(https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow).
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from agent_host.entra.msal_client import Application, MsalClient
from agent_host.entra.registration import EntraRegistration
from agent_host.errors import ExchangeUnavailableError
from agent_host.identity.on_behalf_of.refusal import refusal
from agent_host.protocols.clock import Clock
from agent_host.system import SystemClock
from agent_host.types.on_behalf_of import CallerToken, GrantedToken


class EntraExchange:
    """The `TokenExchanger` of one directory. `msal_http` is for those who go through a proxy: a
    session as `requests` has.
    """

    def __init__(
        self,
        registration: EntraRegistration,
        *,
        msal_http: object | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._registration = registration
        self._msal = MsalClient(registration, http=msal_http)
        self._clock = clock or SystemClock()

    @property
    def issuers(self) -> Sequence[str]:
        """As tokens of both versions name the directory."""
        tenant = self._registration.tenant_id
        return (self._registration.issuer, f"https://sts.windows.net/{tenant}/")

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Have threads for MSAL."""
        async with self._msal.lifespan():
            yield

    async def exchange(self, token: CallerToken, scopes: tuple[str, ...]) -> GrantedToken:
        """A token for these scopes in the caller's name."""

        def ask(application: Application) -> Mapping[str, Any]:
            answer: Mapping[str, Any] = application.acquire_token_on_behalf_of(
                user_assertion=token.value, scopes=list(scopes)
            )
            return answer

        asked_at = self._clock.now()
        try:
            answer = await self._msal.call(ask)
        except (OSError, ValueError, RuntimeError):
            # Also what MSAL makes of an answer that is no JSON. Its text may hold what was sent.
            raise ExchangeUnavailableError from None
        value, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(value, str):
            raise refusal(answer)
        granted: object = answer.get("scope")
        return GrantedToken(
            value=value,
            expires_at=asked_at + timedelta(seconds=seconds if isinstance(seconds, int) else 0),
            scopes=tuple(granted.split()) if isinstance(granted, str) else scopes,
        )


__all__ = ["EntraExchange"]
