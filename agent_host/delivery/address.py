"""Where a message goes that no request led to: a person, an identity, a conversation."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeAlias

from agent_host.delivery.person import known_of
from agent_host.delivery.place import delivery_id_of
from agent_host.delivery.resolution import Resolver
from agent_host.errors import NotFoundError, RequestError
from agent_host.protocols.clock import Clock
from agent_host.protocols.identity_registry import IdentityRegistry
from agent_host.protocols.identity_resolver import IdentityResolver
from agent_host.types.delivery import Destination
from agent_host.types.identifier import ISOLATION_PREFIX, IsolationKey
from agent_host.types.principal import ChannelIdentity, Owner
from agent_host.types.quick_init import maker
from agent_host.types.response_target import ResponseTarget

Addressee: TypeAlias = IsolationKey | Owner | ChannelIdentity | Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """Whose deliveries they are. `is_linked`: by the registry the destinations are theirs."""

    owner: Owner
    destinations: Sequence[Destination]
    is_linked: bool

    @property
    def linked(self) -> AbstractSet[ChannelIdentity | None]:
        """The identities that have to stay the owner's."""
        if not self.is_linked:
            return frozenset()
        return {destination.identity for destination in self.destinations}


class AddressBook:
    """One per host."""

    def __init__(
        self,
        resolver: Resolver,
        *,
        registry: IdentityRegistry | None,
        identities: IdentityResolver,
        clock: Clock,
    ) -> None:
        self._resolver = resolver
        self._registry = registry
        self._identities = identities
        self._clock = clock

    async def find(self, to: Addressee, target: ResponseTarget) -> Addressed:
        """Destinations, of which there is at least one. `target` is for persons.

        Raises:
            NotFoundError: nobody is known by it, or nothing of theirs can be reached.
            RequestError: the channel cannot be pushed to, or the target is none for this.
        """
        match to:
            case Destination():
                return await self._to_destination(to)
            case ChannelIdentity():
                return await self._to_identity(to)
            case Owner():
                return await self._to_person(to, target)
            case _:
                owner = Owner(tenant="default", isolation_key=to)
                return await self._to_person(owner, target)

    async def _to_person(self, owner: Owner, target: ResponseTarget) -> Addressed:
        if target.kind in ("originating", "sender", "none") or target.echo_input:
            raise RequestError("This message has no origin: name another target.")
        known = () if self._registry is None else await known_of(self._registry, owner)
        own = [one for one in known if one.identity.tenant == owner.tenant]
        found = self._resolver.resolve(target, own, origin=None, now=self._clock.now())
        if not found.intended:
            raise NotFoundError("destination")
        return Addressed(owner=owner, destinations=found.intended, is_linked=True)

    async def _to_identity(self, identity: ChannelIdentity) -> Addressed:
        """Where the person last spoke through it, if that is known."""
        self._check(identity.channel)
        key = None if self._registry is None else await self._registry.find(identity)
        conversation = None
        is_linked = self._registry is not None and key is not None
        if self._registry is not None and key is not None:
            owner = Owner(tenant=identity.tenant, isolation_key=key)
            known = await known_of(self._registry, owner)
            one = next((one for one in known if one.identity == identity), None)
            conversation = None if one is None else one.conversation
        else:
            key = await self._identities.resolve_identity(identity)
            owner = _make_owner(tenant=identity.tenant, isolation_key=key)
        destination = _make_destination(
            channel=identity.channel,
            account=identity.account,
            identity=identity,
            conversation=conversation,
        )
        return Addressed(owner=owner, destinations=(destination,), is_linked=is_linked)

    async def _to_destination(self, destination: Destination) -> Addressed:
        """A conversation has no owner: its deliveries are in a partition of their own."""
        self._check(destination.channel)
        if destination.identity is not None:
            _check_is_there(destination.identity, destination)
            found = await self._to_identity(destination.identity)
            return Addressed(
                owner=found.owner, destinations=(destination,), is_linked=found.is_linked
            )
        if destination.conversation is None:
            raise RequestError("A destination names an identity or a conversation.")
        own = IsolationKey(ISOLATION_PREFIX + delivery_id_of("", destination))
        owner = Owner(tenant="default", isolation_key=own)
        return Addressed(owner=owner, destinations=(destination,), is_linked=False)

    def _check(self, channel: str) -> None:
        if not self._resolver.can_push(channel):
            raise RequestError("There is no channel of that name that can be pushed to.")


def _check_is_there(identity: ChannelIdentity, destination: Destination) -> None:
    if (identity.channel, identity.account) != (destination.channel, destination.account):
        raise RequestError("The identity is not one of the destination's channel and account.")


_make_owner = maker(Owner)
_make_destination = maker(Destination)

__all__ = ["AddressBook", "Addressed", "Addressee"]
