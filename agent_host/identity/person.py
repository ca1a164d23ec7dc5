"""A person as it is stored, and how two become one and one becomes two. Pure.

Every identity has a natural key, and every partition is some identity's natural key. A person's key
is that of the first member, the holder; what the others had before stays under their own keys and
goes with them when they leave. So nothing is ever moved, and a link can be undone without anything
of one side being left with the other.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from agent_host.codec import VersionedCodec
from agent_host.identity.key import PROOF_MARK
from agent_host.types.identifier import IsolationKey
from agent_host.types.identity import KnownIdentity
from agent_host.types.json import JsonObject, JsonValue

PERSON: Final = "person"
"""The collection of persons: by tenant, under the person's key."""

BINDING: Final = "identity"
"""The collection that says whose an identity is: by tenant, under its natural key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is one, the holder first. Never empty."""

    members: tuple[KnownIdentity, ...]

    @property
    def holder(self) -> IsolationKey:
        """The natural key of whoever the others were linked to."""
        return self.members[0].natural_key

    @property
    def natural_keys(self) -> tuple[IsolationKey, ...]:
        """Each once, the holder's first."""
        return tuple(dict.fromkeys(member.natural_key for member in self.members))

    def of(self, natural_key: IsolationKey) -> tuple[KnownIdentity, ...]:
        """The members with this natural key: one, or those that a resolver gave the same."""
        return tuple(member for member in self.members if member.natural_key == natural_key)

    def without(self, natural_key: IsolationKey) -> tuple[KnownIdentity, ...]:
        """The others."""
        return tuple(member for member in self.members if member.natural_key != natural_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """The stored form of whose an identity is. `linked_at` is None while it is alone."""

    isolation_key: IsolationKey
    linked_at: datetime | None = None
    verified_claims: JsonObject = field(default_factory=dict[str, JsonValue])
    claim_source: str | None = None


PERSON_CODEC: Final = VersionedCodec("person", 1, Person)
BINDING_CODEC: Final = VersionedCodec("identity", 1, Binding)


def merged(to: Person, joining: Person, now: datetime) -> Person:
    """One person, held by whoever held `to`."""
    came = tuple(replace(member, linked_at=now) for member in joining.members)
    return Person(members=(*to.members, *came))


def parted(person: Person, natural_key: IsolationKey, now: datetime) -> tuple[Person, Person]:
    """Who stays with the person's key, and who leaves: those with the natural key, or everybody
    else if it is the holder's.

    What a link had proved of the one that is unlinked is not proved any more; if that one is an
    identity at a provider, nothing that is known of anybody through it is.
    """
    one, others = person.of(natural_key), person.without(natural_key)
    if any(member.identity.channel.startswith(PROOF_MARK) for member in one):
        others = tuple(map(_unproved, others))
    one = tuple(map(_unproved, one))
    stays, leaves = (one, others) if natural_key == person.holder else (others, one)
    left = tuple(replace(member, linked_at=now) for member in leaves)
    return Person(members=stays), Person(members=left)


def _unproved(member: KnownIdentity) -> KnownIdentity:
    if member.claim_source is None:
        return member
    return replace(member, verified_claims=dict[str, JsonValue](), claim_source=None)


__all__ = [
    "BINDING",
    "BINDING_CODEC",
    "PERSON",
    "PERSON_CODEC",
    "Binding",
    "Person",
    "merged",
    "parted",
]
