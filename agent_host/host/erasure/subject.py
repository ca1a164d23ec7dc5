"""Finds out what belongs to a person: identities, partitions, and in what order to look at them."""

from collections.abc import AsyncIterator, Sequence

from agent_host.host.erasure.holding import StoredHoldings
from agent_host.host.record.partition_record import PartitionRecords
from agent_host.protocols.identity_registry import IdentityBook, IdentityRegistry
from agent_host.protocols.personal import PersonalPart
from agent_host.types.personal import Holding, KnownPerson
from agent_host.types.principal import Owner


class Subjects:
    """`parts` keep something of people besides what is in partitions."""

    def __init__(
        self,
        *,
        registry: IdentityRegistry,
        book: IdentityBook,
        partitions: PartitionRecords,
        stored: StoredHoldings,
        parts: Sequence[PersonalPart],
    ) -> None:
        self._registry = registry
        self._book = book
        self._partitions = partitions
        self._stored = stored
        self._parts = parts

    async def find(self, person: Owner) -> KnownPerson:
        """All that is known. Anybody can be asked for: of a stranger there is nothing. The key of a
        linked identity leads to the person it is linked to.
        """
        bound = await self._book.bind(person.tenant, person.isolation_key)
        person = Owner(tenant=person.tenant, isolation_key=bound.isolation_key)
        owners = [person, *await self._book.holdings(person)]
        for owner in tuple(owners):
            owners += await self._partitions.of(owner)
        return KnownPerson(
            owner=person,
            identities=tuple(await self._registry.identities(person)),
            partitions=tuple(dict.fromkeys(owner.isolation_key for owner in owners)),
        )

    async def has_anything(self, person: KnownPerson) -> bool:
        """Whether anything is stored of them."""
        async for _ in self.holdings(person):
            return True
        return False

    async def holdings(self, person: KnownPerson) -> AsyncIterator[Holding]:
        """Every place in the store, in an order to delete them in: what leads on comes last."""
        for owner in reversed(owners_of(person)):
            async for held in self._stored.of(owner):
                yield held
        for part in self._parts:
            async for held in part.holdings(person.owner, person.identities):
                yield held


def owners_of(person: KnownPerson) -> list[Owner]:
    """The partitions, the person's own first."""
    tenant = person.owner.tenant
    return [Owner(tenant=tenant, isolation_key=key) for key in person.partitions]


__all__ = ["Subjects", "owners_of"]
