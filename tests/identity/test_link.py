"""Two become one, and one becomes two, with nothing of one side left with the other."""

import asyncio
from dataclasses import replace

import pytest

from agent_host.errors import ConflictError, LinkRefusedError, NotLinkedError
from agent_host.identity.key import proved_party
from agent_host.identity.link_book import TRIES
from agent_host.identity.person import PERSON
from agent_host.stores.memory import MemoryStateStore
from agent_host.types import Delete, Key
from agent_host.types.identity import LinkParty
from tests.host.counting_store import CountingStore
from tests.identity.people import (
    LIMIT,
    held_by,
    key,
    key_of,
    make_registry,
    owner,
    party,
    registry,
)


async def test_who_is_linked_to_nobody_has_their_own_key_and_no_record() -> None:
    async with registry() as people:
        assert not people.has_links
        assert await key_of(people, "a") == key("a")
        assert await held_by(people, "a") == {key("a")}
        assert await people.find(party("a").identity) is None


async def test_a_link_makes_one_person_who_sees_what_both_had() -> None:
    async with registry() as people:
        assert await people.link(party("b"), party("a")) == owner("a")
        assert people.has_links
        assert await key_of(people, "a") == await key_of(people, "b") == key("a")
        assert await held_by(people, "a") == await held_by(people, "b") == {key("a"), key("b")}
        assert await held_by(people, "c") == {key("c")}
        assert await people.find(party("b").identity) == key("a")
        known = await people.identities(owner("a"))
        assert {each.identity.native_id for each in known} == {"a", "b"}
        assert await people.identities(owner("b")) == ()


async def test_links_again_change_nothing() -> None:
    async with registry() as people:
        for joining, to in (("b", "a"), ("b", "a"), ("a", "b")):
            assert await people.link(party(joining), party(to)) == owner("a")
        assert len(await people.identities(owner("a"))) == 2


async def test_two_persons_become_one_and_no_link_leads_on() -> None:
    async with registry() as people:
        await people.link(party("b"), party("a"))
        await people.link(party("d"), party("c"))
        await people.link(party("d"), party("b"))  # each is of a person: these become one
        everything = {key(name) for name in "abcd"}
        for name in "abcd":
            assert await key_of(people, name) == key("a")
            assert await held_by(people, name) == everything


async def test_an_unlink_gives_back_what_was_theirs_and_nothing_else() -> None:
    async with registry() as people:
        await people.link(party("b"), party("a"))
        await people.link(party("c"), party("a"))
        assert await people.unlink(party("b")) == owner("b")
        assert await held_by(people, "b") == {key("b")}
        assert await held_by(people, "a") == await held_by(people, "c") == {key("a"), key("c")}
        with pytest.raises(NotLinkedError):
            await people.unlink(party("b"))


async def test_where_the_holder_unlinks_the_others_leave_together() -> None:
    async with registry() as people:
        await people.link(party("b"), party("a"))
        await people.link(party("c"), party("a"))
        assert await people.unlink(party("a")) == owner("a")
        assert await held_by(people, "a") == {key("a")}
        assert await held_by(people, "b") == await held_by(people, "c") == {key("b"), key("c")}
        assert not (await people.bind("default", key("a"))).is_linked


async def test_the_last_two_are_both_alone_after_an_unlink() -> None:
    async with registry() as people:
        await people.link(party("b"), party("a"))
        assert (await people.bind("default", key("a"))).is_linked
        await people.unlink(party("b"))
        for name in "ab":
            assert not (await people.bind("default", key(name))).is_linked
            with pytest.raises(NotLinkedError):
                await people.unlink(party(name))


async def test_linked_and_unlinked_again_and_again_nothing_grows() -> None:
    async with registry() as people:
        for _ in range(3 * LIMIT):
            await people.link(party("b"), party("a"))
            await people.unlink(party("b"))
        await people.link(party("b"), party("a"))
        assert await held_by(people, "a") == {key("a"), key("b")}


async def test_whoever_was_never_linked_cannot_unlink() -> None:
    async with registry() as people:
        with pytest.raises(NotLinkedError):
            await people.unlink(party("a"))


async def test_a_person_has_no_more_identities_than_the_limit() -> None:
    async with registry() as people:
        for number in range(1, LIMIT):
            await people.link(party(str(number)), party("0"))
        with pytest.raises(LinkRefusedError) as caught:
            await people.link(party("more"), party("0"))
        assert caught.value.reason_code == "too_many_identities"
        assert await held_by(people, "more") == {key("more")}


async def test_tenants_do_not_mix() -> None:
    async with registry() as people:
        with pytest.raises(LinkRefusedError):
            await people.link(party("a", tenant="one"), party("a", tenant="two"))
        await people.link(party("b", tenant="one"), party("a", tenant="one"))
        assert await key_of(people, "b", tenant="two") == key("b", tenant="two")


async def test_links_at_the_same_moment_end_as_one_person() -> None:
    async with registry() as people:
        await asyncio.gather(
            people.link(party("a"), party("b")),
            people.link(party("b"), party("a")),
            people.link(party("c"), party("b")),
            people.link(party("a"), party("c")),
        )
        seen = [await held_by(people, name) for name in "abc"]
        assert seen == [{key("a"), key("b"), key("c")}] * 3
        assert len({await key_of(people, name) for name in "abc"}) == 1


async def test_a_link_is_found_by_the_next_process() -> None:
    async with MemoryStateStore() as store:
        async with make_registry(store) as people:
            await people.link(party("b"), party("a"))
        async with make_registry(store) as people:
            assert people.has_links
            assert await key_of(people, "b") == key("a")


async def test_claims_are_of_the_identity_that_proved_them() -> None:
    proved = replace(party("b"), verified_claims={"group": ["staff"]}, claim_source="oidc")
    async with registry() as people:
        await people.link(proved, party("a"))
        bound = await people.bind("default", key("b"))
        assert (bound.verified_claims, bound.claim_source) == ({"group": ["staff"]}, "oidc")
        assert (await people.bind("default", key("a"))).claim_source is None
        renewed = replace(proved, verified_claims={"group": ["guest"]})
        await people.link(renewed, party("a"))
        assert (await people.bind("default", key("b"))).verified_claims == {"group": ["guest"]}
        await people.link(party("b"), party("a"))  # without a proof those stay
        assert (await people.bind("default", key("b"))).verified_claims == {"group": ["guest"]}
        await people.unlink(party("b"))
        assert (await people.bind("default", key("b"))).claim_source is None


def _subject(name: str) -> LinkParty:
    return proved_party("oidc", issuer="https://issuer", subject=name, tenant="default")


async def test_who_proves_the_same_subject_comes_to_the_same_person() -> None:
    async with registry() as people:
        for name in "ab":
            proved = replace(party(name), verified_claims={"sub": "s"}, claim_source="oidc")
            await people.link(_subject("s"), proved)
        assert await key_of(people, "a") == await key_of(people, "b")
        await people.unlink(_subject("s"))
        for name in "ab":
            assert (await people.bind("default", key(name))).claim_source is None


async def test_an_id_that_json_cannot_say_is_not_linked() -> None:
    async with registry() as people:
        with pytest.raises(LinkRefusedError):
            await people.link(party("\ud800"), party("a"))


class Contested(CountingStore):
    """A store where somebody else is always faster."""

    async def commit(self, *args: object, **more: object) -> tuple[int, ...]:
        self.commits += 1
        raise ConflictError("somebody was faster")


async def test_who_always_loses_the_race_is_told_so_in_the_end() -> None:
    async with MemoryStateStore() as memory:
        async with make_registry(memory) as people:
            await people.link(party("b"), party("a"))
        store = Contested(memory)
        async with make_registry(store) as people:
            with pytest.raises(ConflictError):
                await people.link(party("c"), party("a"))
            with pytest.raises(ConflictError):
                await people.unlink(party("b"))
        assert store.commits == 2 * TRIES


async def test_a_person_that_is_lost_is_not_made_up() -> None:
    """The binding says that there is one: whoever made it knew more than is left."""
    async with MemoryStateStore() as store, make_registry(store) as people:
        await people.link(party("b"), party("a"))
        await store.commit([Delete(Key(PERSON, "default", key("a")))])
        with pytest.raises(ConflictError):
            await people.unlink(party("b"))
        with pytest.raises(ConflictError):
            await people.link(party("b"), party("c"))
        assert await held_by(people, "c") == {key("c")}
