"""What a linker is given of the host: its own storage, and the way to the initiator's consent."""

import asyncio
from dataclasses import dataclass

from agent_host.errors import LinkStepError
from agent_host.linking.audit import note
from agent_host.linking.code import new_number, slow_digest
from agent_host.linking.party_record import plain, shown
from agent_host.linking.request_record import LIFETIME, WaitingLink, WaitingLinks
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.identity_resolver import IdentityResolver
from agent_host.protocols.linker import LinkStorage
from agent_host.types.identifier import LinkId
from agent_host.types.identity import LinkParty, identity_of
from agent_host.types.link import LinkRequest
from agent_host.types.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLinkContext:
    """The `LinkContext` of one linker."""

    linker: str
    storage: LinkStorage
    waiting: WaitingLinks
    resolver: IdentityResolver
    clock: Clock
    ids: IdFactory

    async def party_of(self, principal: Principal) -> LinkParty:
        """Somebody whom a provider proved, as one who can be linked."""
        natural_key = await self.resolver.resolve_principal(principal)
        return LinkParty(identity=identity_of(principal), natural_key=natural_key)

    async def propose(
        self,
        link_id: LinkId,
        *,
        initiator: LinkParty,
        claimant: LinkParty,
        shown_as: str | None = None,
    ) -> LinkRequest:
        """Let the initiator decide. As the claimant sees it."""
        same_tenant = initiator.identity.tenant == claimant.identity.tenant
        if not same_tenant or initiator.natural_key == claimant.natural_key:
            raise LinkStepError
        number = new_number()
        waiting = WaitingLink(
            id=link_id,
            linker=self.linker,
            initiator=initiator,
            claimant=claimant,
            claimant_shown=shown(claimant.identity) if shown_as is None else plain(shown_as),
            number_digest=await asyncio.to_thread(slow_digest, number, link_id),
            expires_at=self.clock.now() + LIFETIME,
        )
        await self.waiting.put(waiting)
        note("claim", claimant.identity, link_id=link_id)
        return LinkRequest(
            id=link_id,
            linker=self.linker,
            other=shown(initiator.identity),
            expires_at=waiting.expires_at,
            number=number,
        )


__all__ = ["HostLinkContext"]
