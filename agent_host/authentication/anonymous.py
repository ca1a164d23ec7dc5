"""No authentication: every caller is the same principal. For loopback and for trusted networks."""

from typing import Final

from starlette.requests import HTTPConnection

from agent_host.types.principal import ADMIN_SCOPE, CALL_SCOPE, Principal

_ANONYMOUS: Final = Principal(id="anonymous", kind="anonymous")
_ANONYMOUS_ADMIN: Final = Principal(
    id="anonymous", kind="anonymous", scopes=frozenset({ADMIN_SCOPE, CALL_SCOPE})
)


class AnonymousAuthenticator:
    """Admits anyone, as one principal: all callers share its sessions and runs.

    `admin` opens the routes of administrators to them too: for a host on loopback that nobody else
    reaches.
    """

    __slots__ = ("_principal",)

    def __init__(self, *, admin: bool = False) -> None:
        self._principal = _ANONYMOUS_ADMIN if admin else _ANONYMOUS

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
        return self._principal


__all__ = ["AnonymousAuthenticator"]
