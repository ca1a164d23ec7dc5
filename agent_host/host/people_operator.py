"""People, for whoever operates the host. Callers never reach this."""

from collections.abc import AsyncIterator

from agent_host.errors import NotFoundError
from agent_host.host.erasure.erasure import Erasures
from agent_host.host.erasure.export import Export
from agent_host.host.erasure.subject import Subjects
from agent_host.protocols.identity_registry import PersonRegistry
from agent_host.protocols.people import PersonDirectory
from agent_host.types.identifier import IsolationKey
from agent_host.types.identity import LinkParty
from agent_host.types.json import JsonObject
from agent_host.types.page import Page
from agent_host.types.personal import ErasureReceipt, KnownPerson
from agent_host.types.principal import ChannelIdentity, Owner


class HostPeopleOperator:
    """The `PeopleOperator` of one host."""

    def __init__(
        self,
        *,
        directory: PersonDirectory,
        registry: PersonRegistry,
        subjects: Subjects,
        erasures: Erasures,
        export: Export,
    ) -> None:
        self._directory = directory
        self._registry = registry
        self._subjects = subjects
        self._erasures = erasures
        self._export = export

    async def list(
        self, tenant: str, *, cursor: str | None = None, limit: int = 50
    ) -> Page[KnownPerson]:
        """By key."""
        return await self._directory.persons(tenant, cursor=cursor, limit=limit)

    async def find(self, identity: ChannelIdentity) -> KnownPerson:
        """Whose an identity is."""
        key = await self._registry.find(identity)
        if key is None:
            raise NotFoundError("person")
        return await self.show(Owner(tenant=identity.tenant, isolation_key=key))

    async def show(self, person: Owner) -> KnownPerson:
        """One of them."""
        found = await self._subjects.find(person)
        if not await self._subjects.has_anything(found):
            raise NotFoundError("person")
        return found

    async def unlink(self, person: Owner, identity_key: IsolationKey) -> KnownPerson:
        """Take an identity out of a person."""
        found = await self._subjects.find(person)
        member = next(
            (known for known in found.identities if known.natural_key == identity_key), None
        )
        if member is None:
            raise NotFoundError("identity of this person")
        await self._registry.unlink(
            LinkParty(identity=member.identity, natural_key=member.natural_key)
        )
        return await self._subjects.find(found.owner)

    async def forget(self, person: Owner) -> ErasureReceipt:
        """Erase everything that is kept of them."""
        return await self._erasures.forget((await self._subjects.find(person)).owner)

    async def export(self, person: Owner) -> AsyncIterator[JsonObject]:
        """Everything that is kept of them."""
        async for line in self._export.of(await self.show(person)):
            yield line

    async def receipts(self, *, cursor: str | None = None, limit: int = 50) -> Page[ErasureReceipt]:
        """Of erasures that are over, newest first."""
        return await self._erasures.records.receipts(cursor=cursor, limit=limit)


__all__ = ["HostPeopleOperator"]
