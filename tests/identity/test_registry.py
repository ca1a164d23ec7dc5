"""Who was where last, kept seldom and bounded."""

import asyncio
from datetime import timedelta

import pytest

from agent_host.identity import registry as registry_module
from agent_host.identity.key import identity_key
from agent_host.identity.person_record import CONTACT_TIME, PersonRecords
from agent_host.identity.registry import NOTE_AFTER, StoreIdentityRegistry
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import ChannelIdentity, Conversation, Owner
from tests.host.counting_store import CountingStore
from tests.identity.people import LIMIT, identity, key, key_of, make_registry, owner, party

PRIVATE = Conversation(id="7")


async def _see(
    people: StoreIdentityRegistry,
    who: ChannelIdentity,
    conversation: Conversation | None = PRIVATE,
    *,
    natural: str | None = None,
) -> None:
    natural_key = identity_key(who) if natural is None else key(natural)
    bound = await people.bind(who.tenant, natural_key)
    await people.note_seen(
        who,
        natural_key=natural_key,
        owner=Owner(tenant=who.tenant, isolation_key=bound.isolation_key),
        conversation=conversation,
    )


async def test_the_first_contact_makes_somebody_known() -> None:
    clock = ManualClock()
    async with MemoryStateStore() as store, make_registry(store, clock=clock) as people:
        await _see(people, identity("a"))
        assert await people.find(identity("a")) == key("a")
        (known,) = await people.identities(owner("a"))
        assert (known.identity, known.natural_key) == (identity("a"), key("a"))
        assert (known.last_seen_at, known.conversation) == (clock.now(), PRIVATE)
        assert not people.has_links


async def test_a_visit_is_written_once_a_minute_and_when_the_place_changes() -> None:
    clock = ManualClock()
    async with MemoryStateStore() as memory:
        store = CountingStore(memory)
        async with make_registry(store, clock=clock) as people:
            for _ in range(5):
                await _see(people, identity("a"))
            assert store.commits == 1
            await _see(people, identity("a"), Conversation(id="8"))
            assert store.commits == 2
            clock.advance(NOTE_AFTER)
            await _see(people, identity("a"), Conversation(id="8"))
            assert store.commits == 3
        async with make_registry(store, clock=clock) as another:
            await _see(another, identity("a"), Conversation(id="8"))
            assert store.commits == 3  # another process reads that it was written just now


async def test_who_was_seen_last_comes_first() -> None:
    clock = ManualClock()
    async with MemoryStateStore() as store, make_registry(store, clock=clock) as people:
        await people.link(party("b"), party("a"))
        await people.link(party("c"), party("a"))
        for name in "bca":
            clock.advance(timedelta(seconds=1))
            await _see(people, identity(name))
        known = await people.identities(owner("a"))
        assert [each.identity.native_id for each in known] == ["a", "c", "b"]


async def test_memory_does_not_grow_with_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "REMEMBERED", 3)
    async with MemoryStateStore() as store, make_registry(store) as people:
        reading = CountingStore(store)
        monkeypatch.setattr(people, "_records", PersonRecords(reading))
        for number in range(9):
            await _see(people, identity(str(number)))
        for number, is_at_hand in ((8, True), (0, False)):
            reading.reset()
            await people.note_seen(
                identity(str(number)),
                natural_key=key(str(number)),
                owner=owner(str(number)),
                conversation=PRIVATE,
            )
            assert (reading.total_bytes == 0) is is_at_hand


async def test_who_never_comes_back_is_forgotten_and_a_link_is_not() -> None:
    clock = ManualClock()
    async with (
        MemoryStateStore(clock=clock) as store,
        make_registry(store, clock=clock) as people,
    ):
        for name in "abc":
            await _see(people, identity(name))
        await people.link(party("b"), party("a"))
        clock.advance(CONTACT_TIME)
        assert await people.find(identity("c")) is None
        assert await key_of(people, "c") == key("c")
        assert await people.find(identity("b")) == key("a")
        assert len(await people.identities(owner("a"))) == 2


async def test_a_visit_after_a_link_is_the_persons() -> None:
    async with MemoryStateStore() as store, make_registry(store) as people:
        await _see(people, identity("b"))
        await people.link(party("b"), party("a"))
        await _see(people, identity("b"), Conversation(id="8"))
        known = {each.identity.native_id: each for each in await people.identities(owner("a"))}
        assert known["b"].conversation == Conversation(id="8")
        assert known["a"].last_seen_at is None


async def test_a_visit_that_a_link_overtook_changes_nothing() -> None:
    async with MemoryStateStore() as store, make_registry(store) as people:
        await people.link(party("b"), party("a"))
        # The call was identified before the link was made.
        await people.note_seen(
            identity("b"), natural_key=key("b"), owner=owner("b"), conversation=PRIVATE
        )
        assert await key_of(people, "b") == key("a")
        assert await people.identities(owner("b")) == ()


async def test_two_processes_that_note_the_same_write_one_of_it() -> None:
    async with (
        MemoryStateStore() as store,
        make_registry(store) as one,
        make_registry(store) as other,
    ):
        await asyncio.gather(_see(one, identity("a")), _see(other, identity("a")))
        assert len(await one.identities(owner("a"))) == 1


async def test_of_too_many_that_share_a_key_the_one_seen_longest_ago_gives_way() -> None:
    """A custom resolver can give any number of identities one key."""
    clock = ManualClock()
    async with MemoryStateStore() as store, make_registry(store, clock=clock) as people:
        await people.link(party("z"), party("a"))
        for number in range(2 * LIMIT):
            clock.advance(timedelta(seconds=1))
            await _see(people, identity(f"a{number}"), natural="a")
        known = {each.identity.native_id for each in await people.identities(owner("a"))}
        assert known == {"z", *(f"a{number}" for number in range(LIMIT + 1, 2 * LIMIT))}


async def test_who_comes_to_a_person_that_is_full_of_others_is_not_noted() -> None:
    async with MemoryStateStore() as store, make_registry(store) as people:
        for number in range(1, LIMIT):
            await people.link(party(str(number)), party("0"))
        before = await people.identities(owner("0"))
        await people.note_seen(
            identity("new"), natural_key=key("new"), owner=owner("0"), conversation=PRIVATE
        )
        assert await people.identities(owner("0")) == before


async def test_an_id_that_json_cannot_say_is_let_in_and_not_noted() -> None:
    async with MemoryStateStore() as store, make_registry(store) as people:
        await _see(people, identity("\ud800"))
        assert await people.find(identity("\ud800")) is None
