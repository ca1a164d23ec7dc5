"""Links made and undone, each in one commit that everything it touches must agree to.

A commit names the version of every record that it was decided on, so that two at the same moment
cannot both be done on what neither of them left.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from agent_host.errors import ConflictError, LinkRefusedError, NotLinkedError
from agent_host.identity.key import is_storable
from agent_host.identity.link_rule import LinkRule
from agent_host.identity.person import Person, merged, parted
from agent_host.identity.person_record import KeptBinding, PersonRecords
from agent_host.protocols.clock import Clock
from agent_host.protocols.state_store import StateStore
from agent_host.types.identifier import IsolationKey
from agent_host.types.identity import ANYBODY, KnownIdentity, LinkParty
from agent_host.types.principal import Owner
from agent_host.types.store import ABSENT, Key, Put, Write

logger = logging.getLogger(__name__)

LINKS_MARK: Final = Key("identity_link", "all", "in_use")
"""There from the first link in this store on."""

TRIES: Final = 10


class _Side(NamedTuple):
    """One party as it is stored now."""

    party: LinkParty
    binding: KeptBinding
    person: Person
    version: int

    @property
    def key(self) -> IsolationKey:
        return self.person.holder


class LinkBook:
    """Makes and undoes links over a store. `rule` says which may be made at all."""

    def __init__(
        self, store: StateStore, *, rule: LinkRule, clock: Clock, identity_limit: int
    ) -> None:
        self._store = store
        self._records = PersonRecords(store)
        self._rule = rule
        self._clock = clock
        self._limit = identity_limit

    async def link(self, joining: LinkParty, to: LinkParty) -> Owner:
        """See `IdentityLinks.link`.

        Raises:
            ConflictError: others link the same at the same moment, again and again.
        """
        tenant = to.identity.tenant
        if joining.identity.tenant != tenant:
            raise LinkRefusedError("other_tenant")
        for identity in (joining.identity, to.identity):
            if identity.channel == ANYBODY:
                raise LinkRefusedError("anybody")
            if not is_storable(identity):
                raise LinkRefusedError("unstorable_identity")
        for tries_left in range(TRIES - 1, -1, -1):
            try:
                return await self._link(tenant, joining, to)
            except ConflictError:
                if not tries_left:
                    raise
        raise AssertionError

    async def unlink(self, party: LinkParty) -> Owner:
        """See `IdentityLinks.unlink`.

        Raises:
            ConflictError: others change the same at the same moment, again and again.
        """
        for tries_left in range(TRIES - 1, -1, -1):
            try:
                return await self._unlink(party.identity.tenant, party.natural_key)
            except ConflictError:
                if not tries_left:
                    raise
        raise AssertionError

    async def _link(self, tenant: str, joining: LinkParty, to: LinkParty) -> Owner:
        now = self._clock.now()
        a, b = await self._side(tenant, to, now), await self._side(tenant, joining, now)
        if a.key == b.key:
            return await self._bring_up_to_date(tenant, a, b, now)
        if to.natural_key == joining.natural_key:  # one identity, that moved between the two reads
            raise _changed()
        self._rule.check(a.person.members, b.person.members)
        one = merged(a.person, b.person, now)
        if len(one.members) > self._limit:
            raise LinkRefusedError("too_many_identities")
        await self._store.commit(
            [
                Put(LINKS_MARK, b""),
                *self._bindings(tenant, one, now, _versions(a, b)),
                self._records.put_person(tenant, one, expect=a.version),
                *self._gone(tenant, b),
            ]
        )
        logger.info("linked %s to %s", b.key, a.key)
        return Owner(tenant=tenant, isolation_key=one.holder)

    async def _bring_up_to_date(self, tenant: str, a: _Side, b: _Side, now: datetime) -> Owner:
        """They are one already; what is newly proved of them is kept."""
        owner = Owner(tenant=tenant, isolation_key=a.key)
        proved = {
            side.party.natural_key: side.party
            for side in (a, b)
            if side.party.claim_source is not None
        }
        if not proved:
            return owner
        members = tuple(
            _with_claims(member, proved.get(member.natural_key)) for member in a.person.members
        )
        one = Person(members=members)
        await self._store.commit(
            [
                *self._bindings(tenant, one, now, _versions(a, b)),
                self._records.put_person(tenant, one, expect=a.version),
            ]
        )
        return owner

    async def _unlink(self, tenant: str, natural_key: IsolationKey) -> Owner:
        now = self._clock.now()
        bound = await self._records.binding(tenant, natural_key)
        if bound.binding is None or bound.binding.linked_at is None:
            raise NotLinkedError
        key = bound.binding.isolation_key
        kept = await self._records.person(tenant, key)
        together = () if kept.person is None else kept.person.natural_keys
        if kept.person is None or natural_key not in together or len(together) == 1:
            raise _changed()
        stays, leaves = parted(kept.person, natural_key, now)
        expected = {natural_key: bound.version}
        await self._store.commit(
            [
                *self._bindings(tenant, stays, now, expected),
                *self._bindings(tenant, leaves, now, expected),
                self._records.put_person(tenant, stays, expect=kept.version),
                self._records.put_person(tenant, leaves, expect=ABSENT),
            ]
        )
        logger.info("unlinked %s from %s", leaves.holder, stays.holder)
        return Owner(tenant=tenant, isolation_key=natural_key)

    async def _side(self, tenant: str, party: LinkParty, now: datetime) -> _Side:
        bound = await self._records.binding(tenant, party.natural_key)
        key = party.natural_key if bound.binding is None else bound.binding.isolation_key
        kept = await self._records.person(tenant, key)
        itself = KnownIdentity(
            identity=party.identity, linked_at=now, natural_key=party.natural_key
        )
        person = kept.person
        if person is None:
            if key != party.natural_key:
                raise _changed()
            person = Person(members=(itself,))
        elif not any(member.identity == party.identity for member in person.members):
            person = Person(members=(*person.members, itself))
        members = tuple(
            _with_claims(member, party if member.natural_key == party.natural_key else None)
            for member in person.members
        )
        return _Side(party, bound, Person(members=members), kept.version)

    def _bindings(
        self, tenant: str, person: Person, now: datetime, expected: Mapping[IsolationKey, int]
    ) -> Sequence[Write]:
        """Of all members, though only those of the parties are `expected` at a version. A person's
        own version is not enough, as its record may be deleted and come again; but whatever
        changes who a party is one with writes its binding too.
        """
        return [
            self._records.put_binding(tenant, person, key, now, expect=expected.get(key))
            for key in person.natural_keys
        ]

    def _gone(self, tenant: str, side: _Side) -> Sequence[Write]:
        if side.version == ABSENT:
            return ()  # whoever stores one now changes the binding too, and the commit fails
        return (self._records.delete_person(tenant, side.key, expect=side.version),)


def _changed() -> ConflictError:
    return ConflictError("The link changed while it was read; try again.")


def _versions(*sides: _Side) -> Mapping[IsolationKey, int]:
    return {side.party.natural_key: side.binding.version for side in sides}


def _with_claims(member: KnownIdentity, party: LinkParty | None) -> KnownIdentity:
    if party is None or party.claim_source is None:
        return member
    return replace(member, verified_claims=party.verified_claims, claim_source=party.claim_source)


__all__ = ["LINKS_MARK", "TRIES", "LinkBook"]
