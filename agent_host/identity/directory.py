"""Persons as an operator sees them: all of a tenant by pages, and what is stored of one."""

import logging
from collections.abc import AsyncIterator, Sequence

from agent_host.errors import UnreadableRecordError
from agent_host.identity.person import BINDING, PERSON, PERSON_CODEC
from agent_host.protocols.state_store import StateStore
from agent_host.types.identifier import IsolationKey
from agent_host.types.identity import KnownIdentity
from agent_host.types.page import Page
from agent_host.types.personal import Holding, KnownPerson
from agent_host.types.principal import Owner
from agent_host.types.store import Key, Record

logger = logging.getLogger(__name__)


class StorePersonDirectory:
    """The `PersonDirectory` of the registry's records, and their `PersonalPart`."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    async def persons(
        self, tenant: str, *, cursor: str | None = None, limit: int = 50
    ) -> Page[KnownPerson]:
        """By key. A record that cannot be read is left out."""
        found = await self._store.scan(PERSON, tenant, after=cursor, limit=limit + 1)
        shown = found[:limit]
        persons = (_person(tenant, record) for record in shown)
        return Page(
            items=tuple(person for person in persons if person is not None),
            next_cursor=shown[-1].key.id if len(found) > limit else None,
        )

    async def holdings(
        self, person: Owner, identities: Sequence[KnownIdentity]
    ) -> AsyncIterator[Holding]:
        """The bindings of their identities, then who they are."""
        keys = [person.isolation_key, *(known.natural_key for known in identities)]
        places = [Key(BINDING, person.tenant, key) for key in dict.fromkeys(keys)]
        for place in (*places, Key(PERSON, person.tenant, person.isolation_key)):
            if await self._store.get(place) is not None:
                yield Holding(place)


def _person(tenant: str, record: Record) -> KnownPerson | None:
    key = IsolationKey(record.key.id)
    try:
        members = PERSON_CODEC.decode(record.value).members
    except UnreadableRecordError as error:
        logger.error("person %s cannot be listed: %s", key, error.code)  # noqa: TRY400
        return None
    owner = Owner(tenant=tenant, isolation_key=key)
    return KnownPerson(owner=owner, identities=members, partitions=(key,))


__all__ = ["StorePersonDirectory"]
