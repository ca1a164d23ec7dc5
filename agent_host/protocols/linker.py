"""The seam to a way of proving that two identities are one person.

A linker proves; the host asks both sides for consent and makes the link. Every step takes a key of
the side that speaks from the host and never from the wire.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol

from agent_host.protocols.channel import ChannelRoute
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.types.channel_record import ChannelRecord
from agent_host.types.identifier import LinkId
from agent_host.types.identity import LinkParty
from agent_host.types.json import JsonObject
from agent_host.types.link import LinkOffer, LinkRequest
from agent_host.types.principal import Principal


class LinkStorage(Protocol):
    """What the host keeps for one linker, apart for each tenant: small, and for as long as it says.

    Names are hashes or ids of the host's, never what a caller sends.
    """

    async def get(self, tenant: str, name: str) -> ChannelRecord | None:
        """What is kept under the name and has not expired."""
        ...

    async def put(
        self,
        tenant: str,
        name: str,
        value: JsonObject,
        *,
        time_to_live: timedelta,
        expect: int | None = None,
    ) -> None:
        """Keep a value; with `expect` only over that version, 0 for none.

        Raises:
            ConflictError: it is at another version.
        """
        ...

    async def delete(self, tenant: str, name: str, *, expect: int | None = None) -> None:
        """Forget it; with `expect` only at that version: this is how something is used once.

        Raises:
            ConflictError: it is at another version, or gone.
        """
        ...


class LinkContext(Protocol):
    """The whole of what a linker is given."""

    @property
    def clock(self) -> Clock:
        """The host's time."""
        ...

    @property
    def ids(self) -> IdFactory:
        """The host's identifiers."""
        ...

    @property
    def storage(self) -> LinkStorage:
        """Of this linker alone."""
        ...

    async def party_of(self, principal: Principal) -> LinkParty:
        """Somebody whom a provider proved, as one who can be linked: the same as the caller whom an
        authenticator knows by the same proof.
        """
        ...

    async def propose(
        self,
        link_id: LinkId,
        *,
        initiator: LinkParty,
        claimant: LinkParty,
        shown_as: str | None = None,
    ) -> LinkRequest:
        """The other side has proved itself: let the initiator decide. As the claimant sees it.

        `shown_as` is what the initiator reads of the claimant, where its identity says less.

        Raises:
            LinkStepError: these two cannot be linked.
        """
        ...


class Linker(Protocol):
    """One way to prove it. Everything that it keeps is in its storage, so any replica can go on."""

    @property
    def name(self) -> str:
        """Unique within a host; lower case, `[a-z][a-z0-9_]*`."""
        ...

    @property
    def proves_claims(self) -> bool:
        """Whether its links carry claims that rules can ask for; their source is its name."""
        ...

    def routes(self) -> Sequence[ChannelRoute]:
        """What to mount for it, with full paths. Called once, before start-up."""
        ...

    def lifespan(self, context: LinkContext) -> AbstractAsyncContextManager[None]:
        """Whatever must be open while it works."""
        ...

    async def begin(self, initiator: LinkParty) -> LinkOffer:
        """Offer the initiator a link."""
        ...

    async def complete(self, claimant: LinkParty, answer: str) -> LinkRequest:
        """Take what the initiator brought along. A linker whose other side is no channel, but a
        browser for instance, takes none here.

        Raises:
            LinkStepError: it leads nowhere.
            TooManyLinkStepsError: it is not looked at.
        """
        ...

    async def resolve(self, claims: JsonObject, *, tenant: str) -> Principal | None:
        """Whom claims are about that somebody else has verified, where this linker proves the same:
        same issuer, same subject. They need no further link. None where it does not.
        """
        ...

    async def unlink(self, party: LinkParty) -> None:
        """Forget what is kept of somebody who begins anew, declines, or is linked no more."""
        ...


__all__ = ["LinkContext", "LinkStorage", "Linker"]
