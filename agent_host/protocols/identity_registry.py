"""The seam to what is known of people: which identities are one person, where they last were."""

from collections.abc import Sequence
from typing import Protocol

from agent_host.types.identifier import IsolationKey
from agent_host.types.identity import IdentityBinding, KnownIdentity, LinkParty
from agent_host.types.principal import ChannelIdentity, Conversation, Owner


class IdentityRegistry(Protocol):
    """`(tenant, channel, account, native_id)` is unique; one key may have many identities. No call
    costs more with more people.
    """

    async def find(self, identity: ChannelIdentity) -> IsolationKey | None:
        """Whose it is; None for somebody never seen. One indexed read."""
        ...

    async def identities(self, owner: Owner) -> Sequence[KnownIdentity]:
        """All identities of a person, those seen last first; bounded by what a person may link."""
        ...

    async def whose(self, owner: Owner) -> Owner:
        """Who has this person's partition now: the person, or the one that they were linked to
        since. One indexed read at most; who is known to nobody is still themselves.
        """
        ...


class IdentityBook(Protocol):
    """What the pipeline asks of the registry, for every call."""

    @property
    def has_links(self) -> bool:
        """Whether anybody may be linked to anybody. Where nobody can be, nothing has to be read."""
        ...

    async def bind(self, tenant: str, natural_key: IsolationKey) -> IdentityBinding:
        """Whose the identity with this key is now. One indexed read; nothing is cached, so that a
        link counts everywhere from the moment it is stored.
        """
        ...

    async def note_seen(
        self,
        identity: ChannelIdentity,
        *,
        natural_key: IsolationKey,
        owner: Owner,
        conversation: Conversation | None,
    ) -> None:
        """Somebody who may come in spoke in private. Stored at most once a minute for each."""
        ...

    async def holdings(self, owner: Owner) -> Sequence[Owner]:
        """The partitions, besides their own, that came to a person with identities they linked."""
        ...


class IdentityLinks(Protocol):
    """Making and undoing links. Each is one atomic step: it is done whole or not at all."""

    async def link(self, joining: LinkParty, to: LinkParty) -> Owner:
        """Make one person of two: everybody who is one with `joining` comes to the person that `to`
        is of. What both have stays readable by that person and nobody else; new turns are the
        person's. Linking what is linked already only brings its claims up to date.

        The caller of this has had proof of both, and consent on both sides.

        Raises:
            LinkRefusedError: other tenants, too many identities, or the link policy.
        """
        ...

    async def unlink(self, party: LinkParty) -> Owner:
        """Undo it: the identity goes back to its own key, with what it had there before, and sees
        nothing of what was said while it was linked. If it is the one that the others were linked
        to, these leave instead, together, each with what was theirs. Where it is alone then.

        Raises:
            NotLinkedError: it is linked to nobody.
        """
        ...


class PersonRegistry(IdentityRegistry, IdentityBook, IdentityLinks, Protocol):
    """All of it in one."""


__all__ = ["IdentityBook", "IdentityLinks", "IdentityRegistry", "PersonRegistry"]
