"""Links, unlinks and visits at the same moment come out as if one had been after the other.

Each call of the store waits as long as the test says, so that every step can come between any two
of another.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import permutations
from typing import Literal, NamedTuple, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from agent_host.errors import LinkRefusedError, NotLinkedError
from agent_host.identity.registry import StoreIdentityRegistry
from agent_host.protocols.state_store import StateStore
from agent_host.stores.memory import MemoryStateStore
from agent_host.types import Key, Lease, Owner, Record, Write
from tests.host.counting_store import CountingStore
from tests.identity.people import identity, key, key_of, make_registry, party

NAMES = "abc"
Persons: TypeAlias = frozenset[tuple[str, ...]]
"""Who is one. Who of them is the holder makes no difference to who parts from whom."""


class Step(NamedTuple):
    kind: Literal["link", "unlink", "see"]
    who: str
    other: str


class Pausing(CountingStore):
    """Lets others run before each call, for as many turns of the loop as it is told."""

    def __init__(self, inner: StateStore, pauses: Iterator[int]) -> None:
        super().__init__(inner)
        self._pauses = pauses

    async def get(self, key: Key) -> Record | None:
        await self._pause()
        return await super().get(key)

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        await self._pause()
        return await super().commit(writes, fence=fence)

    async def _pause(self) -> None:
        for _ in range(next(self._pauses, 0)):
            await asyncio.sleep(0)


steps = st.builds(
    Step,
    st.sampled_from(["link", "link", "unlink", "unlink", "see"]),
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
)


def _after(persons: Persons, step: Step) -> Persons:
    mine = next(person for person in persons if step.who in person)
    if step.kind == "link":
        to = next(person for person in persons if step.other in person)
        if mine == to:
            return persons
        return persons - {mine, to} | {(*to, *mine)}
    if step.kind == "unlink" and len(mine) > 1:
        others = tuple(name for name in mine if name != step.who)
        return persons - {mine} | {(step.who,), others}
    return persons


async def _take(people: StoreIdentityRegistry, step: Step) -> None:
    with suppress(LinkRefusedError, NotLinkedError):
        if step.kind == "link":
            await people.link(party(step.who), party(step.other))
        elif step.kind == "unlink":
            await people.unlink(party(step.who))
        else:
            owner = Owner(tenant="default", isolation_key=await key_of(people, step.who))
            await people.note_seen(
                identity(step.who), natural_key=key(step.who), owner=owner, conversation=None
            )


async def _look(people: StoreIdentityRegistry) -> set[frozenset[str]]:
    found: set[frozenset[str]] = set()
    for name in NAMES:
        holder = await key_of(people, name)
        owner = Owner(tenant="default", isolation_key=holder)
        known = [each.identity.native_id for each in await people.identities(owner)] or [name]
        assert name in known
        assert holder in {key(each) for each in known}
        assert len(known) == len(set(known))
        bound = await people.bind("default", key(name))
        assert bound.is_linked is (len(known) > 1)
        if holder != key(name):
            own = Owner(tenant="default", isolation_key=key(name))
            assert await people.identities(own) == ()
        found.add(frozenset(known))
    assert sorted(name for person in found for name in person) == sorted(NAMES)
    return found


@settings(max_examples=400, deadline=None)
@given(
    before=st.lists(steps, max_size=3),
    at_once=st.lists(steps, min_size=2, max_size=4),
    pauses=st.lists(st.integers(0, 4), max_size=40),
)
async def test_what_happens_at_once_is_as_if_it_were_in_some_order(
    before: list[Step], at_once: list[Step], pauses: list[int]
) -> None:
    async with MemoryStateStore() as memory:
        calm = make_registry(memory)
        async with calm:
            for step in before:
                await _take(calm, step)
            start: Persons = frozenset(tuple(sorted(person)) for person in await _look(calm))
            waits = iter(pauses)
            racing = [make_registry(Pausing(memory, waits)) for _ in at_once]
            for people in racing:
                await StoreIdentityRegistry.__aenter__(people)
            await asyncio.gather(*(map(_take, racing, at_once)))
            found = await _look(calm)
    possible: list[set[frozenset[str]]] = []
    for order in permutations(at_once):
        persons = start
        for step in order:
            persons = _after(persons, step)
        possible.append({frozenset(person) for person in persons})
    assert found in possible
