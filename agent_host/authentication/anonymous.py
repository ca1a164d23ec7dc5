"""No authentication: every caller is the same principal. For loopback and for trusted networks."""

from typing import Final

from starlette.requests import HTTPConnection

from agent_host.types.principal import Principal

_ANONYMOUS: Final = Principal(id="anonymous", kind="anonymous")


class AnonymousAuthenticator:
    """Admits anyone, as one principal: all callers share its sessions and runs."""

    __slots__ = ()

    @property
    def admits_anyone(self) -> bool:
        """Always; the host then listens on a public address only if it is told to."""
        return True

    @property
    def challenge(self) -> str:
        """For channels that refuse a caller themselves."""
        return "Bearer"

    async def authenticate(self, connection: HTTPConnection) -> Principal:
        """The anonymous principal, whatever the connection carries."""
        del connection
        return _ANONYMOUS


__all__ = ["AnonymousAuthenticator"]
