"""The steps of a link for one caller, whom the pipeline has named."""

from collections.abc import Sequence

from agent_host.protocols.link_desk import LinkDesk
from agent_host.types.identity import LinkParty
from agent_host.types.link import LinkOffer, LinkRequest


class PartyLinks:
    """The `LinkView` of one party."""

    __slots__ = ("_desk", "_party")

    def __init__(self, desk: LinkDesk, party: LinkParty) -> None:
        self._desk = desk
        self._party = party

    @property
    def linkers(self) -> Sequence[str]:
        """The names of the ways there are."""
        return self._desk.linkers

    async def begin(self, *, linker: str | None = None) -> LinkOffer:
        """Offer a link."""
        return await self._desk.begin(self._party, linker=linker)

    async def complete(self, answer: str) -> LinkRequest:
        """Claim an offer."""
        return await self._desk.complete(self._party, answer)

    async def pending(self) -> LinkRequest | None:
        """What waits for confirmation."""
        return await self._desk.pending(self._party)

    async def confirm(self, number: str) -> LinkRequest:
        """Make the link."""
        return await self._desk.confirm(self._party, number)

    async def decline(self) -> None:
        """End what was begun or claimed."""
        await self._desk.decline(self._party)

    async def unlink(self) -> None:
        """Leave the person."""
        await self._desk.unlink(self._party)


__all__ = ["PartyLinks"]
