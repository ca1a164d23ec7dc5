"""Authentication by a bearer credential: reads it once, and asks the verifier whose form it has."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Final, Self, cast

from starlette.requests import HTTPConnection

from agent_host.authentication.credential import bad_credential, read_credential
from agent_host.errors import ConfigurationError
from agent_host.protocols.credential_verifier import CredentialVerifier
from agent_host.types.proof import Proof

CHALLENGE: Final = 'Bearer realm="agent-host"'


class BearerAuthenticator:
    """Takes `Authorization: Bearer CREDENTIAL` and `X-API-Key: CREDENTIAL`, on http and websocket.

    Raises:
        ConfigurationError: there is no verifier, so that nobody could ever get in.
    """

    __slots__ = ("_stack", "_verifiers")

    def __init__(self, verifiers: Sequence[CredentialVerifier]) -> None:
        if not verifiers:
            raise ConfigurationError("A BearerAuthenticator needs at least one verifier.")
        self._verifiers = tuple(verifiers)
        self._stack = AsyncExitStack()

    @property
    def admits_anyone(self) -> bool:
        """Never."""
        return False

    @property
    def challenge(self) -> str:
        """RFC 6750 §3."""
        return CHALLENGE

    @property
    def verifies_claims(self) -> bool:
        """Whether any of the verifiers does."""
        return any(getattr(verifier, "verifies_claims", True) for verifier in self._verifiers)

    async def authenticate(self, connection: HTTPConnection) -> Proof:
        """Whoever the credential belongs to."""
        credential = read_credential(connection.scope["headers"])
        for verifier in self._verifiers:
            if verifier.takes(credential):
                return await verifier.verify(credential)
        raise bad_credential()

    async def __aenter__(self) -> Self:
        """Open the verifiers.

        Raises:
            ConfigurationError: one of them cannot do its work.
        """
        async with AsyncExitStack() as stack:
            for verifier in self._verifiers:
                if isinstance(verifier, AbstractAsyncContextManager):
                    await stack.enter_async_context(
                        cast("AbstractAsyncContextManager[Any]", verifier)
                    )
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Close them."""
        await self._stack.aclose()


__all__ = ["CHALLENGE", "BearerAuthenticator"]
