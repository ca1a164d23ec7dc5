"""The seam to one kind of bearer credential: API keys, JSON Web Tokens, somebody's own tickets."""

from typing import Protocol

from agent_host.types.proof import Proof


class CredentialVerifier(Protocol):
    """Knows credentials of one form. One that is an async context manager as well is entered before
    the host takes requests. One that verifies no claims may say so by `verifies_claims = False`.
    """

    def takes(self, credential: str) -> bool:
        """Whether this has the form of those it knows; it says nothing about its being good.
        Several verifiers of one host take different forms.
        """
        ...

    async def verify(self, credential: str) -> Proof:
        """Whose it is. The same credential gives the same proof as long as that holds; the verifier
        ends the proof when the credential expires or is revoked.

        Raises:
            InvalidProofError: it is unknown, wrong, expired or revoked; which, is not said.
            AuthenticationUnavailableError: nobody can say at the moment.
        """
        ...


__all__ = ["CredentialVerifier"]
