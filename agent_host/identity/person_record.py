"""Persons and bindings in the store: reads, and the writes that links and first contacts are made
of. Which of them go together is the registry's and the link book's to say.
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from agent_host.identity.person import (
    BINDING,
    BINDING_CODEC,
    PERSON,
    PERSON_CODEC,
    Binding,
    Person,
)
from agent_host.protocols.state_store import StateStore
from agent_host.types.identifier import IsolationKey
from agent_host.types.identity import IdentityBinding
from agent_host.types.store import ABSENT, Delete, Key, Put

CONTACT_TIME: Final = timedelta(days=90)
"""How long somebody who is linked to nobody is known after they spoke last. Their key and all that
is theirs outlive this: the key is computed anew.
"""


class KeptPerson(NamedTuple):
    """A person at a version; `ABSENT` and None where none is stored."""

    person: Person | None
    version: int


class KeptBinding(NamedTuple):
    """A binding at a version; `ABSENT` and None where none is stored."""

    binding: Binding | None
    version: int


class PersonRecords:
    """Reads and builds records. Each read is one, by key."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    async def binding(self, tenant: str, natural_key: IsolationKey) -> KeptBinding:
        """Whose the identity with this key is."""
        record = await self._store.get(Key(BINDING, tenant, natural_key))
        if record is None:
            return KeptBinding(None, ABSENT)
        return KeptBinding(BINDING_CODEC.decode(record.value), record.version)

    async def person(self, tenant: str, key: IsolationKey) -> KeptPerson:
        """Who is one under this key."""
        record = await self._store.get(Key(PERSON, tenant, key))
        if record is None:
            return KeptPerson(None, ABSENT)
        return KeptPerson(PERSON_CODEC.decode(record.value), record.version)

    def put_person(self, tenant: str, person: Person, *, expect: int) -> Put:
        """Keep a person: for good where a link is, else for as long as a contact counts."""
        is_linked = len(person.natural_keys) > 1
        return Put(
            Key(PERSON, tenant, person.holder),
            PERSON_CODEC.encode(person),
            expect,
            None if is_linked else CONTACT_TIME,
        )

    def put_binding(
        self,
        tenant: str,
        person: Person,
        natural_key: IsolationKey,
        now: datetime,
        *,
        expect: int | None,
    ) -> Put:
        """Say whose the identity with this key is: the person's."""
        is_linked = len(person.natural_keys) > 1
        proved = next((m for m in person.of(natural_key) if m.claim_source is not None), None)
        binding = Binding(
            isolation_key=person.holder,
            linked_at=now if is_linked else None,
            verified_claims={} if proved is None else proved.verified_claims,
            claim_source=None if proved is None else proved.claim_source,
        )
        return Put(
            Key(BINDING, tenant, natural_key),
            BINDING_CODEC.encode(binding),
            expect,
            None if is_linked else CONTACT_TIME,
        )

    @staticmethod
    def delete_person(tenant: str, key: IsolationKey, *, expect: int) -> Delete:
        """Nobody is one under this key any more."""
        return Delete(Key(PERSON, tenant, key), expect)


def to_binding(kept: KeptBinding, natural_key: IsolationKey) -> IdentityBinding:
    """What callers are told of it."""
    binding = kept.binding
    if binding is None:
        return IdentityBinding(isolation_key=natural_key)
    return IdentityBinding(
        isolation_key=binding.isolation_key,
        is_linked=binding.linked_at is not None,
        verified_claims=binding.verified_claims,
        claim_source=binding.claim_source,
    )


__all__ = ["CONTACT_TIME", "KeptBinding", "KeptPerson", "PersonRecords", "to_binding"]
