"""Leads links through their steps: limits, audits, asks both sides, and makes the link at the end.

Knows no channel and no provider. A link is made by one call of `IdentityLinks`, after its request
was used up: what crashes in between is not linked, and has to be begun again.
"""

import asyncio
import hmac
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Protocol

from agent_host.errors import HostError, LinkStepError, NotFoundError
from agent_host.linking.audit import note
from agent_host.linking.code import read_number, slow_digest
from agent_host.linking.linker_context import HostLinkContext
from agent_host.linking.request_record import WaitingLink, WaitingLinks
from agent_host.linking.step_limit import LinkLimits, StepLimits
from agent_host.linking.storage import DESK, StoredLinkStorage
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.identity_registry import IdentityBook, IdentityLinks
from agent_host.protocols.identity_resolver import IdentityResolver
from agent_host.protocols.linker import Linker
from agent_host.protocols.state_store import StateStore
from agent_host.types.identity import LinkParty
from agent_host.types.link import LinkOffer, LinkRequest
from agent_host.types.principal import ChannelIdentity


class LinkRegistry(IdentityBook, IdentityLinks, Protocol):
    """Whose an identity is, and how that is changed."""


class HostLinkDesk:
    """The `LinkDesk` of a host. To be entered once the store is up."""

    def __init__(
        self,
        linkers: Sequence[Linker],
        *,
        registry: LinkRegistry,
        resolver: IdentityResolver,
        store: StateStore,
        clock: Clock,
        ids: IdFactory,
        limits: LinkLimits | None = None,
    ) -> None:
        self._linkers: Mapping[str, Linker] = {one.name: one for one in linkers}
        self._registry = registry
        self._resolver = resolver
        self._store = store
        self._clock = clock
        self._ids = ids
        self._waiting = WaitingLinks(StoredLinkStorage(store, DESK), clock)
        limits = limits or LinkLimits()
        self._begins = StepLimits(limits, clock.monotonic)
        self._tries = StepLimits(limits, clock.monotonic)

    @property
    def linkers(self) -> Sequence[str]:
        """In the order in which the host was given them."""
        return tuple(self._linkers)

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Open the linkers, close them in reverse."""
        async with AsyncExitStack() as stack:
            for name, linker in self._linkers.items():
                context = HostLinkContext(
                    linker=name,
                    storage=StoredLinkStorage(self._store, name),
                    waiting=self._waiting,
                    resolver=self._resolver,
                    clock=self._clock,
                    ids=self._ids,
                )
                await stack.enter_async_context(linker.lifespan(context))
            yield

    async def begin(self, initiator: LinkParty, *, linker: str | None = None) -> LinkOffer:
        """Offer a link."""
        identity = initiator.identity
        found = self._linkers.get(linker or next(iter(self._linkers)))
        if found is None:
            raise NotFoundError("way to link")
        with _noted("begin", identity):
            self._begins.take(identity)
            await self._clear(initiator)
            offer = await found.begin(initiator)
        note("begin", identity, link_id=offer.id)
        return offer

    async def complete(self, claimant: LinkParty, answer: str) -> LinkRequest:
        """Claim an offer by its code."""
        identity = claimant.identity
        with _noted("claim", identity):
            self._tries.take(identity)
            for linker in self._linkers.values():
                try:
                    return await linker.complete(claimant, answer)
                except LinkStepError:
                    continue
            raise LinkStepError

    async def pending(self, initiator: LinkParty) -> LinkRequest | None:
        """What waits for this initiator's confirmation."""
        waiting = await self._waiting.get(initiator.identity)
        return None if waiting is None else _as_initiator_sees(waiting)

    async def confirm(self, initiator: LinkParty, number: str) -> LinkRequest:
        """Make the link."""
        identity = initiator.identity
        with _noted("confirm", identity):
            self._tries.take(identity)
            said = read_number(number)
            waiting = await self._waiting.get(identity)
            if said is None or waiting is None:
                raise LinkStepError
            digest = await asyncio.to_thread(slow_digest, said, waiting.id)
            if not hmac.compare_digest(digest, waiting.number_digest):
                await self._waiting.count_try(waiting)
                raise LinkStepError
            if not await self._waiting.take(waiting):
                raise LinkStepError
            await self._link(waiting)
        note("confirm", identity, link_id=waiting.id)
        note("linked", waiting.claimant.identity, link_id=waiting.id)
        return _as_initiator_sees(waiting)

    async def decline(self, party: LinkParty) -> None:
        """End what this party began or claimed."""
        await self._clear(party)
        note("decline", party.identity)

    async def unlink(self, party: LinkParty) -> None:
        """Take the party out of the person it is linked to."""
        with _noted("unlink", party.identity):
            await self._clear(party)
            await self._registry.unlink(party)
        note("unlink", party.identity)

    async def _clear(self, party: LinkParty) -> None:
        waiting = await self._waiting.find(party.identity)
        if waiting is not None:
            await self._waiting.take(waiting)
        for linker in self._linkers.values():
            await linker.unlink(party)

    async def _link(self, waiting: WaitingLink) -> None:
        """The initiator's person is kept. But what a provider proved may stand for a person by now,
        whom the initiator wants to join.
        """
        claimant = waiting.claimant
        if claimant.claim_source is not None:
            binding = await self._registry.bind(claimant.identity.tenant, claimant.natural_key)
            if binding.is_linked:
                await self._registry.link(waiting.initiator, claimant)
                return
        await self._registry.link(claimant, waiting.initiator)


def _as_initiator_sees(waiting: WaitingLink) -> LinkRequest:
    return LinkRequest(
        id=waiting.id,
        linker=waiting.linker,
        other=waiting.claimant_shown,
        expires_at=waiting.expires_at,
    )


@contextmanager
def _noted(step: str, identity: ChannelIdentity) -> Generator[None]:
    """A step that fails is in the audit log too."""
    try:
        yield
    except HostError as error:
        note(step, identity, outcome=error.code)
        raise


__all__ = ["HostLinkDesk", "LinkRegistry"]
