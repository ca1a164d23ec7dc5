"""The seam to whoever knows callers of HTTP channels."""

from typing import Protocol

from starlette.requests import HTTPConnection

from agent_host.types.principal import Principal
from agent_host.types.proof import Proof


class Authenticator(Protocol):
    """Says who is calling, and by its scopes what kind of routes are open to them.

    One that is an async context manager as well is entered before the host takes requests. One
    whose callers never have verified claims may say so by `verifies_claims = False`: rules that ask
    for claims are then refused at start-up.
    """

    @property
    def admits_anyone(self) -> bool:
        """True if no proof is asked for; the host then refuses to bind to a public address."""
        ...

    @property
    def challenge(self) -> str:
        """The `WWW-Authenticate` header for a refusal (RFC 9110 §11.6.1)."""
        ...

    async def authenticate(self, connection: HTTPConnection) -> Principal | Proof:
        """The principal of this connection, http or websocket, from its headers and peer. As a
        `Proof` where it may cease to hold: the host then ends what it was given for.

        Raises:
            UnauthenticatedError: there is no proof, or (`InvalidProofError`) it is bad; the text
                says no more than that.
            AuthenticationUnavailableError: nobody can say at the moment.
        """
        ...


__all__ = ["Authenticator"]
