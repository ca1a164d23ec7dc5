"""The seam to what is known of people: which identities are one person, where they last were."""

from collections.abc import Sequence
from typing import Protocol

from agent_host.types.identifier import IsolationKey
from agent_host.types.identity import KnownIdentity
from agent_host.types.principal import ChannelIdentity, Owner


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


__all__ = ["IdentityRegistry"]
