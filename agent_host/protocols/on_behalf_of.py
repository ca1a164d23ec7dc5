"""The seams of on-behalf-of: an authorization server, and what stands between it and the engine."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from agent_host.types.on_behalf_of import CallerToken, DownstreamAccess, GrantedToken


class TokenExchanger(Protocol):
    """One authorization server. Keeps no token, retries nothing."""

    @property
    def issuers(self) -> Sequence[str]:
        """Whose tokens may be sent there. Tokens of others never are."""
        ...

    def lifespan(self) -> AbstractAsyncContextManager[None]:
        """Whatever must be open while it works."""
        ...

    async def exchange(self, token: CallerToken, scopes: tuple[str, ...]) -> GrantedToken:
        """A token for these scopes in the caller's name.

        Raises:
            OnBehalfOfError: the one that fits.
        """
        ...


class OnBehalfOf(Protocol):
    """What the engine asks when a run begins."""

    def lifespan(self) -> AbstractAsyncContextManager[None]:
        """Whatever must be open while it works."""
        ...

    def access(self, token: CallerToken | None) -> DownstreamAccess:
        """For a target whose turn came with this token, or with none. Asks nobody yet."""
        ...


__all__ = ["OnBehalfOf", "TokenExchanger"]
