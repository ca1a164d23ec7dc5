"""Who a message is for, while people are linked: whoever was linked to another is the other from
then on, and what was meant for them goes to the one that they have become.
"""

from collections.abc import Sequence
from typing import Final

from agent_host.errors import ConflictError
from agent_host.protocols.identity_registry import IdentityRegistry
from agent_host.types.identity import KnownIdentity
from agent_host.types.principal import ChannelIdentity, Owner

TRIES: Final = 10


async def known_of(registry: IdentityRegistry, owner: Owner) -> Sequence[KnownIdentity]:
    """All identities of the person, or of the one that the person was linked to since. One read
    where they were not.

    Raises:
        ConflictError: they are linked and unlinked again and again.
    """
    known = await registry.identities(owner)
    if known:
        return known
    whose = await registry.whose(owner)
    for _ in range(TRIES):
        known = await registry.identities(whose)
        before, whose = whose, await registry.whose(owner)
        if whose == before:
            return known
    raise ConflictError("The link changed while it was read; try again.")


async def is_of(registry: IdentityRegistry, identity: ChannelIdentity, owner: Owner) -> bool:
    """Whether the identity is the person's, or the one's that the person was linked to since. One
    read where they were not.
    """
    found = await registry.find(identity)
    if found is None:
        return False
    if found == owner.isolation_key:
        return True
    return found == (await registry.whose(owner)).isolation_key


__all__ = ["TRIES", "is_of", "known_of"]
