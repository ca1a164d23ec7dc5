"""Whose an identity is, who is one person, and where they were last, over the state store.

Nobody is stored before they are seen in a chat or link something: a key is computed from who
somebody is, and only what differs from that is kept. So a host where nobody ever linked reads
nothing here, for any call.
"""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Final, Self

from agent_host.errors import ConflictError, DeniedError
from agent_host.identity.key import is_storable
from agent_host.identity.link_book import LINKS_MARK, LinkBook
from agent_host.identity.person import Person
from agent_host.identity.person_record import KeptPerson, PersonRecords, to_binding
from agent_host.protocols.clock import Clock
from agent_host.protocols.identity_resolver import IdentityResolver
from agent_host.protocols.state_store import StateStore
from agent_host.types.identifier import IsolationKey
from agent_host.types.identity import IdentityBinding, KnownIdentity, LinkParty
from agent_host.types.principal import ChannelIdentity, Conversation, Owner
from agent_host.types.store import ABSENT

logger = logging.getLogger(__name__)

NOTE_AFTER: Final = timedelta(minutes=1)
REMEMBERED: Final = 4096
"""People whose last visit is at hand. For more than that within a minute it is read again."""

_NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)


class StoreIdentityRegistry:
    """One per host, entered once the store is up. Several may share a store that can be shared.

    `identity_limit` is how many identities one person may have.
    """

    def __init__(
        self,
        store: StateStore,
        *,
        resolver: IdentityResolver,
        links: LinkBook,
        clock: Clock,
        identity_limit: int,
    ) -> None:
        self._store = store
        self._records = PersonRecords(store)
        self._resolver = resolver
        self._links = links
        self._clock = clock
        self._limit = identity_limit
        self._seen: OrderedDict[ChannelIdentity, tuple[float, Conversation | None]] = OrderedDict()
        # Another process on the store may link at any moment; one that is alone knows of its own.
        self._has_links = store.shared

    async def __aenter__(self) -> Self:
        """Look whether anybody ever linked anything here: one read."""
        if not self._has_links:
            self._has_links = await self._store.get(LINKS_MARK) is not None
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to give back."""

    @property
    def has_links(self) -> bool:
        """Whether a link can be there, made by this process or found at the start."""
        return self._has_links

    async def bind(self, tenant: str, natural_key: IsolationKey) -> IdentityBinding:
        """Whose the identity with this key is now."""
        return to_binding(await self._records.binding(tenant, natural_key), natural_key)

    async def find(self, identity: ChannelIdentity) -> IsolationKey | None:
        """Whose it is; None for somebody never seen, or whom the resolver refuses."""
        try:
            natural_key = await self._resolver.resolve_identity(identity)
        except DeniedError:
            return None
        kept = await self._records.binding(identity.tenant, natural_key)
        return None if kept.binding is None else kept.binding.isolation_key

    async def identities(self, owner: Owner) -> Sequence[KnownIdentity]:
        """All identities of a person, those seen last first."""
        person = (await self._records.person(owner.tenant, owner.isolation_key)).person
        if person is None:
            return ()
        return sorted(person.members, key=lambda m: m.last_seen_at or _NEVER, reverse=True)

    async def whose(self, owner: Owner) -> Owner:
        """Who has the partition now; no read where nobody links."""
        if not self._has_links:
            return owner
        binding = (await self._records.binding(owner.tenant, owner.isolation_key)).binding
        if binding is None or binding.isolation_key == owner.isolation_key:
            return owner
        return Owner(tenant=owner.tenant, isolation_key=binding.isolation_key)

    async def holdings(self, owner: Owner) -> Sequence[Owner]:
        """The partitions that came with identities the person linked; none, and no read, where
        nobody links.
        """
        if not self._has_links:
            return ()
        person = (await self._records.person(owner.tenant, owner.isolation_key)).person
        if person is None:
            return ()
        return [
            Owner(tenant=owner.tenant, isolation_key=key)
            for key in person.natural_keys
            if key != owner.isolation_key
        ]

    async def link(self, joining: LinkParty, to: LinkParty) -> Owner:
        """Make one person of two."""
        # From before the commit on, so that no call after it can miss it.
        self._has_links = True
        return await self._links.link(joining, to)

    async def unlink(self, party: LinkParty) -> Owner:
        """Undo it."""
        return await self._links.unlink(party)

    async def note_seen(
        self,
        identity: ChannelIdentity,
        *,
        natural_key: IsolationKey,
        owner: Owner,
        conversation: Conversation | None,
    ) -> None:
        """Somebody who may come in spoke in private."""
        now = self._clock.monotonic()
        noted = self._seen.get(identity)
        if noted is not None and noted[1] == conversation:
            self._seen.move_to_end(identity)
            if now - noted[0] < NOTE_AFTER.total_seconds():
                return
        # What was written at the same moment is a link, or the same by another process: either
        # way the next minute's note is in time.
        with suppress(ConflictError):
            await self._note(identity, natural_key, owner, conversation)
        self._seen[identity] = (now, conversation)
        self._seen.move_to_end(identity)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

    async def _note(
        self,
        identity: ChannelIdentity,
        natural_key: IsolationKey,
        owner: Owner,
        conversation: Conversation | None,
    ) -> None:
        if not is_storable(identity):
            return
        kept = await self._records.person(owner.tenant, owner.isolation_key)
        now = self._clock.now()
        known = _member(kept.person, identity)
        if known is not None and _is_fresh(known, conversation, now):
            return
        spoke = replace(
            known or KnownIdentity(identity=identity, linked_at=now, natural_key=natural_key),
            last_seen_at=now,
            conversation=conversation,
        )
        bound = await self._records.binding(owner.tenant, natural_key)
        if bound.binding is not None and bound.binding.isolation_key != owner.isolation_key:
            return  # a link has come between
        person = self._with_member(kept, spoke)
        if person is None or person.holder != owner.isolation_key:
            return
        await self._store.commit(
            [
                self._records.put_person(owner.tenant, person, expect=kept.version),
                self._records.put_binding(
                    owner.tenant, person, natural_key, now, expect=bound.version
                ),
            ]
        )

    def _with_member(self, kept: KeptPerson, spoke: KnownIdentity) -> Person | None:
        """The person with the member brought up to date. Where there is no room for another, the
        one of the same key that was seen longest ago gives way; None where there is none such.
        """
        if kept.person is None:
            return Person(members=(spoke,)) if kept.version == ABSENT else None
        members = list(kept.person.members)
        places = [at for at, member in enumerate(members) if member.identity == spoke.identity]
        if places:
            members[places[0]] = spoke
        elif len(members) < self._limit:
            members.append(spoke)
        else:
            alike = [
                at for at, member in enumerate(members) if member.natural_key == spoke.natural_key
            ]
            if not alike:
                return None
            members[min(alike, key=lambda at: members[at].last_seen_at or _NEVER)] = spoke
        return Person(members=tuple(members))


def _member(person: Person | None, identity: ChannelIdentity) -> KnownIdentity | None:
    if person is None:
        return None
    return next((member for member in person.members if member.identity == identity), None)


def _is_fresh(known: KnownIdentity, conversation: Conversation | None, now: datetime) -> bool:
    seen_at = known.last_seen_at
    return seen_at is not None and known.conversation == conversation and now - seen_at < NOTE_AFTER


__all__ = ["NOTE_AFTER", "REMEMBERED", "StoreIdentityRegistry"]
