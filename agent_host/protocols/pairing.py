"""The seams of pairing: what the pipeline asks for somebody it refuses, and what operators do."""

from typing import Protocol

from agent_host.types.page import Page
from agent_host.types.pairing import Pairing, PairingRequest, PairingVerdict
from agent_host.types.principal import ChannelIdentity


class PairingDoor(Protocol):
    """Stands where somebody was refused, in private."""

    async def invite(self, identity: ChannelIdentity) -> str | None:
        """What to tell them: a code for the operator. None where the channel is not locked so.

        It reads the same for everybody who is not let in: unknown, waiting, denied, or one too
        many.
        """
        ...


class PairingOperator(Protocol):
    """For admin routes. A code that leads nowhere reads the same, whatever became of it."""

    async def waiting(self, *, cursor: str | None = None, limit: int = 50) -> Page[PairingRequest]:
        """Who waits, by channel and id."""
        ...

    async def decided(self, *, cursor: str | None = None, limit: int = 50) -> Page[Pairing]:
        """Who was let in or kept out, by id."""
        ...

    async def decide(self, code: str, verdict: PairingVerdict, *, by: str) -> Pairing:
        """Let in, or keep out, whoever was shown this code. It can be used once.

        Raises:
            NotFoundError: it leads nowhere.
        """
        ...

    async def revoke(self, pairing_id: str) -> None:
        """Take back what was said; it counts from the next call on.

        Raises:
            NotFoundError: there is none of this id.
        """
        ...


__all__ = ["PairingDoor", "PairingOperator"]
