"""The seam from people to storage partitions."""

from typing import Protocol

from agent_host.types.identifier import IsolationKey
from agent_host.types.principal import ChannelIdentity, Principal


class IdentityResolver(Protocol):
    """Maps who was seen to an opaque isolation key. Channels propose; this binds."""

    async def resolve_identity(self, identity: ChannelIdentity) -> IsolationKey:
        """The key of a person a chat channel saw, the same one each time."""
        ...

    async def resolve_principal(self, principal: Principal) -> IsolationKey:
        """The key of a caller an authenticator named, the same one each time."""
        ...


__all__ = ["IdentityResolver"]
