"""Tokens for downstream services in a caller's name. Their text is in no representation, and none
of these is ever stored.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from agent_host.types.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerToken:
    """The bearer token that a turn came with, verified, and whose it is."""

    value: str = field(repr=False)
    principal: Principal = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedToken:
    """What an authorization server gave. `expires_at` is aware UTC; `scopes` are those it has."""

    value: str = field(repr=False)
    expires_at: datetime
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DownstreamToken:
    """A token for a downstream service. `value` is the text itself."""

    value: str = field(repr=False)
    expires_at: datetime
    scopes: tuple[str, ...] = ()
    renew: "Callable[[], Awaitable[DownstreamToken]]" = field(repr=False, compare=False)

    @property
    def authorization(self) -> str:
        """The value of the header `Authorization` (RFC 6750 §2.1)."""
        return f"Bearer {self.value}"

    async def refresh(self) -> "DownstreamToken":
        """Another one, as the service answered 401 to this. Once is enough: who is refused again is
        refused.

        Raises:
            OnBehalfOfError: see `DownstreamAccess.token`.
        """
        return await self.renew()


class DownstreamAccess(Protocol):
    """What a target has in `current_on_behalf_of`, where the host exchanges tokens."""

    async def token(self, *scopes: str) -> DownstreamToken:
        """A token for these scopes, in the name of whoever this turn is of.

        Raises:
            NoCallerTokenError: the turn has no token that could be exchanged.
            InteractionRequiredError: the person has to sign in again.
            ConsentRequiredError: nobody agreed to these scopes yet.
            InvalidGrantError: the server refuses for good.
            ExchangeUnavailableError: it does not answer; later it may.
        """
        ...


__all__ = ["CallerToken", "DownstreamAccess", "DownstreamToken", "GrantedToken"]
