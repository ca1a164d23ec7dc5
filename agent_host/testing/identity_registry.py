"""People and their identities, as a test says. In memory, for one process."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from agent_host.types.identifier import IsolationKey
from agent_host.types.identity import KnownIdentity
from agent_host.types.principal import ChannelIdentity, Conversation, Owner

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class MemoryIdentityRegistry:
    """`IdentityRegistry`. `error` is raised by every call while it is set."""

    def __init__(self) -> None:
        self._keys: dict[ChannelIdentity, IsolationKey] = {}
        self._known: dict[ChannelIdentity, KnownIdentity] = {}
        self.error: Exception | None = None

    def link(
        self,
        owner: Owner,
        identity: ChannelIdentity,
        *,
        seen_at: datetime | None = None,
        conversation: Conversation | None = None,
    ) -> None:
        """The identity is this person's, last seen then and there."""
        self._keys[identity] = owner.isolation_key
        self._known[identity] = KnownIdentity(
            identity=identity,
            linked_at=_LONG_AGO,
            last_seen_at=seen_at,
            conversation=conversation,
        )

    def see(self, identity: ChannelIdentity, at: datetime) -> None:
        """The person spoke through it."""
        self._known[identity] = replace(self._known[identity], last_seen_at=at)

    def unlink(self, identity: ChannelIdentity) -> None:
        """The identity is nobody's."""
        del self._keys[identity]
        del self._known[identity]

    async def find(self, identity: ChannelIdentity) -> IsolationKey | None:
        """Whose it is."""
        if self.error is not None:
            raise self.error
        return self._keys.get(identity)

    async def identities(self, owner: Owner) -> Sequence[KnownIdentity]:
        """All of a person, those seen last first."""
        if self.error is not None:
            raise self.error
        own = [
            known
            for identity, known in self._known.items()
            if self._keys[identity] == owner.isolation_key and identity.tenant == owner.tenant
        ]
        return sorted(own, key=lambda one: one.last_seen_at or _LONG_AGO, reverse=True)

    async def whose(self, owner: Owner) -> Owner:
        """Their own: nobody becomes somebody else here."""
        if self.error is not None:
            raise self.error
        return owner


__all__ = ["MemoryIdentityRegistry"]
