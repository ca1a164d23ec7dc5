"""The seam to whoever leads a link through its steps: what commands and routes call.

    initiator: begin ──► a code or an address, carried to the other side
    claimant:  complete ──► who asked, and a number, carried back
    initiator: pending ──► who wants to be linked;  confirm(number) ──► linked
    either:    decline

Two things cross: so both sides are held by who makes the link, and both have read who the other is.
Parties come from the pipeline. What they are told is for a private conversation.
"""

from collections.abc import Sequence
from typing import Protocol

from agent_host.types.identity import LinkParty
from agent_host.types.link import LinkOffer, LinkRequest


class LinkDesk(Protocol):
    """One per host. Every step is in the audit log."""

    @property
    def linkers(self) -> Sequence[str]:
        """The names of the ways there are; the first is the default."""
        ...

    async def begin(self, initiator: LinkParty, *, linker: str | None = None) -> LinkOffer:
        """Offer a link. It takes the place of what the initiator began before.

        Raises:
            NotFoundError: there is no such linker.
            TooManyLinkStepsError: too many offers.
        """
        ...

    async def complete(self, claimant: LinkParty, answer: str) -> LinkRequest:
        """Claim an offer by its code.

        Raises:
            LinkStepError: it leads nowhere.
            TooManyLinkStepsError: too many tries; it was not looked at.
        """
        ...

    async def pending(self, initiator: LinkParty) -> LinkRequest | None:
        """What waits for this initiator's confirmation."""
        ...

    async def confirm(self, initiator: LinkParty, number: str) -> LinkRequest:
        """Make the link; what it was. A few wrong numbers end it.

        Raises:
            LinkStepError: nothing waits, or not for this number.
            LinkRefusedError: these two may not be linked here.
            TooManyLinkStepsError: too many tries; it was not looked at.
        """
        ...

    async def decline(self, party: LinkParty) -> None:
        """End what this party began or claimed. Nothing, if there is nothing."""
        ...

    async def unlink(self, party: LinkParty) -> None:
        """Take the party out of the person it is linked to.

        Raises:
            NotLinkedError: it is linked to nobody.
        """
        ...


class LinkView(Protocol):
    """The same for one caller, whom the pipeline has named."""

    @property
    def linkers(self) -> Sequence[str]:
        """The names of the ways there are; the first is the default."""
        ...

    async def begin(self, *, linker: str | None = None) -> LinkOffer:
        """See `LinkDesk`."""
        ...

    async def complete(self, answer: str) -> LinkRequest:
        """See `LinkDesk`."""
        ...

    async def pending(self) -> LinkRequest | None:
        """See `LinkDesk`."""
        ...

    async def confirm(self, number: str) -> LinkRequest:
        """See `LinkDesk`."""
        ...

    async def decline(self) -> None:
        """See `LinkDesk`."""
        ...

    async def unlink(self) -> None:
        """See `LinkDesk`."""
        ...


__all__ = ["LinkDesk", "LinkView"]
