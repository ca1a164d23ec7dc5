"""The seam to whoever leads a link through its steps: what commands and routes call.

    initiator: begin ──► a code or an address, carried to the other side
    claimant:  complete ──► who asked, and a number, carried back
    initiator: pending ──► who wants to be linked;  confirm(number) ──► linked
    either:    decline

Two things cross: so both sides are held by who makes the link, and both have read who the other is.
Identities come from the pipeline. Callers answer in a private conversation or not at all.
"""

from collections.abc import Sequence
from typing import Protocol

from agent_host.types.link import LinkOffer, LinkRequest
from agent_host.types.principal import ChannelIdentity


class LinkDesk(Protocol):
    """One per host. Every step is in the audit log."""

    @property
    def linkers(self) -> Sequence[str]:
        """The names of the ways there are; the first is the default."""
        ...

    async def begin(self, initiator: ChannelIdentity, *, linker: str | None = None) -> LinkOffer:
        """Offer a link. It takes the place of what the initiator began before.

        Raises:
            NotFoundError: there is no such linker.
            TooManyLinkStepsError: too many offers.
        """
        ...

    async def complete(self, claimant: ChannelIdentity, answer: str) -> LinkRequest:
        """Claim an offer by its code.

        Raises:
            LinkStepError: it leads nowhere.
            TooManyLinkStepsError: too many tries; it was not looked at.
        """
        ...

    async def pending(self, initiator: ChannelIdentity) -> LinkRequest | None:
        """What waits for this initiator's confirmation."""
        ...

    async def confirm(self, initiator: ChannelIdentity, number: str) -> LinkRequest:
        """Make the link; what it was. A few wrong numbers end it.

        Raises:
            LinkStepError: nothing waits, or not for this number, or the link is not allowed.
        """
        ...

    async def decline(self, identity: ChannelIdentity) -> None:
        """End what this identity began or claimed. Nothing, if there is nothing."""
        ...

    async def unlink(self, identity: ChannelIdentity) -> None:
        """Take the identity out of whatever it is linked to. Nothing, if it is linked to nothing.

        What was said while it was linked stays where it is.
        """
        ...


__all__ = ["LinkDesk"]
