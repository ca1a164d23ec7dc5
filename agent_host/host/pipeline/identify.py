"""Step 2: who is this, and which partition of storage is theirs?"""

from agent_host.context import current_isolation, current_principal
from agent_host.errors import UnauthenticatedError
from agent_host.host.pipeline.exchange import Exchange
from agent_host.protocols.identity_resolver import IdentityResolver
from agent_host.types.principal import Owner, Principal
from agent_host.types.quick_init import maker


class IdentifyStep:
    """A channel's identity, else the principal that the host's authenticator named."""

    def __init__(self, resolver: IdentityResolver) -> None:
        self._resolver = resolver

    async def __call__(self, exchange: Exchange) -> None:
        """Set principal, isolation key and owner.

        Raises:
            UnauthenticatedError: neither a channel nor an authenticator says who is calling.
        """
        identity = exchange.caller.identity
        if identity is not None:
            principal = Principal(id=identity.native_id, kind="channel", tenant=identity.tenant)
            key = await self._resolver.resolve_identity(identity)
        else:
            known = current_principal.get()
            if known is None:
                message = "Nobody says who is calling."
                raise UnauthenticatedError(message)
            principal = known
            key = await self._resolver.resolve_principal(known)
        exchange.principal = principal
        exchange.isolation = current_isolation.get()
        exchange.isolation_key = key
        exchange.owner = _make_owner(tenant=principal.tenant, isolation_key=key)


_make_owner = maker(Owner)

__all__ = ["IdentifyStep"]
