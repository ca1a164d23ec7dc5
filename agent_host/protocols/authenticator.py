"""The seam to whoever knows callers of HTTP channels."""

from typing import Protocol

from starlette.requests import HTTPConnection

from agent_host.types.principal import Principal


class Authenticator(Protocol):
    """Says who is calling. It decides nothing about what they may do."""

    @property
    def admits_anyone(self) -> bool:
        """True if no proof is asked for; the host then refuses to bind to a public address."""
        ...

    @property
    def challenge(self) -> str:
        """The `WWW-Authenticate` header for a refusal (RFC 9110 §11.6.1)."""
        ...

    async def authenticate(self, connection: HTTPConnection) -> Principal:
        """The principal of this connection, http or websocket, from its headers and peer.

        Raises:
            UnauthenticatedError: there is no proof, or it is bad; the text says no more than that.
        """
        ...


__all__ = ["Authenticator"]
