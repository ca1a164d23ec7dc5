"""Isolation keys that are computed from who somebody is, so that nothing has to be stored.

Links between identities are not known here: two identities of one person are two keys, and the
registry says which of them are one.
"""

from functools import lru_cache
from typing import Final

from agent_host.identity.key import derive_key
from agent_host.types.identifier import IsolationKey
from agent_host.types.principal import ChannelIdentity, Principal

_CACHE_SIZE: Final = 4096


class DerivedIdentityResolver:
    """Keys are the same in every process and release: they are names of stored partitions.

    Compared is text by its code points: case, accents and look-alikes make different people. The
    latest `cache_size` keys are kept at hand.
    """

    __slots__ = ("_key",)

    def __init__(self, *, cache_size: int = _CACHE_SIZE) -> None:
        self._key = lru_cache(maxsize=cache_size)(derive_key)

    async def resolve_identity(self, identity: ChannelIdentity) -> IsolationKey:
        """From tenant, channel, account and native id."""
        return self._key(
            "identity", identity.tenant, identity.channel, identity.account, identity.native_id
        )

    async def resolve_principal(self, principal: Principal) -> IsolationKey:
        """The key that the verifier knows, else one from tenant, kind and id."""
        if principal.isolation_key is not None:
            return principal.isolation_key
        return self._key("principal", principal.tenant, principal.kind, principal.id)


__all__ = ["DerivedIdentityResolver"]
