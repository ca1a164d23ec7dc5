"""Attacks on identity, each named after its line in `docs/security/identity.md`."""

import logging
from dataclasses import replace

import pytest

from agent_host.errors import (
    DeniedError,
    LinkRefusedError,
    LinkRequiredError,
    NotFoundError,
    StoreUnavailableError,
    UnauthenticatedError,
    UnreadableRecordError,
)
from agent_host.identity.access_policy import AuthPolicy, HostAccessPolicy
from agent_host.identity.link_policy import SameTierOnly
from agent_host.identity.option import PeopleOptions
from agent_host.identity.person import BINDING
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.store_double import SeverableStore
from agent_host.types import Caller, Conversation, JsonObject, Key, Message, Principal, Put
from agent_host.types.identity import LinkParty, identity_of
from tests.host.harness import acting_as
from tests.host.linked import ROOM, host_of, link, person, said
from tests.identity.people import key, key_of, make_registry, party, registry


def _rules(policy: AuthPolicy) -> PeopleOptions:
    access = HostAccessPolicy(policy=policy, invitation="Send /link.")
    return PeopleOptions(access=access, claim_sources=frozenset({"oidc"}), has_linker=True)


async def test_homoglyph_ids_are_other_people() -> None:
    listed = _rules(AuthPolicy.native_ids({"chat": ["paypal"]}))
    async with host_of(people=listed) as host:
        await host.context.run(said(person("paypal")))
        for lookalike in ("раypal", "paypal ", "PayPal", "paypal\u200b", "pаypal"):  # noqa: RUF001
            with pytest.raises(DeniedError):
                await host.context.run(said(person(lookalike)))


async def test_colliding_compound_keys_lead_to_nobody_else() -> None:
    """`chat` with `b:1` and `chat:b` with `1`, and a caller whose id is built like an identity."""
    async with registry() as people:
        await people.link(party("1", channel="chat:b"), party("a"))
        assert await key_of(people, "b:1", channel="chat") == key("b:1", channel="chat")
    forged = Principal(id="chat\0bot\0a", kind="api_key", isolation_key=None)
    async with host_of() as host:
        await host.context.run(said(person("a")))
        await link(host, "b", "a")
        with acting_as(forged.id):
            assert (await (await host.context.runs(Caller(channel="rest"))).list()).items == ()


async def test_a_caller_cannot_take_a_key_that_it_names() -> None:
    """An id that looks like a key is looked up as an id."""
    stolen = Principal(id=key("a"), kind="token")
    assert identity_of(stolen).account == ""
    async with host_of() as host:
        mine = (await host.context.run(said(person("a")))).run.id
        with acting_as(key("a")), pytest.raises(NotFoundError):
            await (await host.context.runs(Caller(channel="rest"))).get(mine)


async def test_claims_that_a_client_sends_are_none() -> None:
    staff = _rules(AuthPolicy.linked_claims("groups", ["staff"]))
    claims: JsonObject = {"groups": ["staff"], "verified_claims": {"groups": ["staff"]}}
    message = replace(Message.user("hello"), metadata=claims)
    request = said(
        person("a"), attributes=claims, metadata=claims, options=claims, client_state=claims
    )
    async with host_of(people=staff) as host:
        with pytest.raises(LinkRequiredError):
            await host.context.run(replace(request, input=(message,)))


async def test_a_channel_cannot_name_somebody_of_another_channel() -> None:
    async with host_of() as host:
        mine = (await host.context.run(said(person("a")))).run.id
        forged = replace(person("a"), channel="phone")
        with pytest.raises(UnauthenticatedError):
            await (await host.context.runs(forged)).get(mine)


async def test_authority_in_a_group_is_none_in_private() -> None:
    async with host_of() as host:
        private = (await host.context.run(said(person("a"), session="s"))).run.id
        await link(host, "b", "a")
        for name in "ab":
            in_room = person(name, room=ROOM)
            with pytest.raises(NotFoundError):
                await (await host.context.runs(in_room)).cancel(private)
            with pytest.raises(NotFoundError):
                await (await host.context.sessions(in_room)).get("s")
        posing = person("a", room=Conversation(id=ROOM.id))  # a private chat of the room's id
        in_room_run = (await host.context.run(said(person("a", room=ROOM)))).run.id
        with pytest.raises(NotFoundError):
            await (await host.context.runs(posing)).get(in_room_run)


async def test_a_challenge_is_not_shown_in_a_group() -> None:
    async with host_of(people=_rules(AuthPolicy.linked())) as host:
        with pytest.raises(LinkRequiredError) as caught:
            await host.context.run(said(person("a", room=ROOM)))
        assert "/link" not in str(caught.value)
        assert caught.value.private_text == "Send /link."


async def test_tenants_are_not_linked() -> None:
    async with registry() as people:
        with pytest.raises(LinkRefusedError):
            await people.link(party("a", tenant="one"), party("a", tenant="two"))


async def test_tiers_are_not_linked_by_way_of_a_third() -> None:
    tiers = {"desk": "internal"}
    async with registry(policy=SameTierOnly(), tiers=tiers) as people:
        await people.link(party("m", channel="mail"), party("a"))
        with pytest.raises(LinkRefusedError) as caught:
            await people.link(party("m", channel="mail"), party("d", channel="desk"))
        assert "tier" not in str(caught.value)


async def test_a_hostile_link_can_be_undone_whole() -> None:
    """Whoever was talked into a link gets all of theirs back, and the other side loses it."""
    async with host_of() as host:
        mine = (await host.context.run(said(person("victim"), "my secret"))).run.id
        await link(host, "victim", "attacker")
        await host.people.registry.unlink(party("victim"))
        after = (await host.context.run(said(person("victim"), "another"))).run.id
        attacker = await host.context.runs(person("attacker"))
        for run_id in (mine, after):
            with pytest.raises(NotFoundError):
                await attacker.get(run_id)
            assert await (await host.context.runs(person("victim"))).get(run_id)


async def test_the_other_side_cannot_hold_on_to_it_by_linking_on() -> None:
    async with host_of() as host:
        mine = (await host.context.run(said(person("victim")))).run.id
        await link(host, "victim", "attacker")
        await link(host, "attacker", "accomplice")
        await host.people.registry.unlink(party("victim"))
        for name in ("attacker", "accomplice"):
            with pytest.raises(NotFoundError):
                await (await host.context.runs(person(name))).get(mine)
        assert await (await host.context.runs(person("victim"))).get(mine)


async def test_a_lost_identity_that_is_unlinked_sees_nothing_of_the_person() -> None:
    async with host_of() as host:
        await link(host, "phone", "me")
        secret = (await host.context.run(said(person("me"), "secret"))).run.id
        on_phone = (await host.context.run(said(person("phone"), "from my phone"))).run.id
        await host.people.registry.unlink(party("phone"))
        view = await host.context.runs(person("phone"))
        assert (await view.list()).items == ()
        for run_id in (secret, on_phone):
            with pytest.raises(NotFoundError):
                await view.get(run_id)


async def test_a_refusal_does_not_tell_who_is_known() -> None:
    listed = _rules(AuthPolicy.native_ids({"chat": ["somebody"]}))
    async with host_of(people=listed) as host:
        await link(host, "known", "somebody")
        said_to: set[str] = set()
        for name in ("known", "unknown"):
            with pytest.raises(DeniedError) as caught:
                await host.context.run(said(person(name)))
            said_to.add(f"{caught.value} {caught.value.code}")
        assert len(said_to) == 1


async def test_logs_have_keys_and_no_ids(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    listed = _rules(AuthPolicy.native_ids({"chat": ["anna.petrova"]}))
    async with host_of(people=listed) as host:
        await host.context.run(said(person("anna.petrova")))
        await link(host, "ivan.sokolov", "anna.petrova")
        await host.people.registry.unlink(party("ivan.sokolov"))
        with pytest.raises(DeniedError):
            await host.context.run(said(person("ivan.sokolov")))
    assert "linked iso_" in caplog.text
    assert "not_listed" in caplog.text
    assert "anna" not in caplog.text
    assert "ivan" not in caplog.text


@pytest.mark.parametrize(
    "planted",
    [b"", b"null", b'{"v":2,"k":"identity","d":{}}', b'{"v":1,"k":"person","d":{}}', b"\x80\x04."],
)
async def test_a_record_that_cannot_be_read_is_not_taken_for_no_link(planted: bytes) -> None:
    async with MemoryStateStore() as store, make_registry(store) as people:
        await people.link(party("b"), party("a"))
        await store.commit([Put(Key(BINDING, "default", key("b")), planted)])
        with pytest.raises(UnreadableRecordError):
            await key_of(people, "b")


async def test_a_store_that_is_away_is_not_taken_for_no_link() -> None:
    async with MemoryStateStore() as memory:
        severable = SeverableStore(memory)
        async with host_of(store=severable) as host:
            await link(host, "b", "a")
            severable.cut = True
            with pytest.raises(StoreUnavailableError):
                await host.context.runs(person("b"))
            severable.cut = False


async def test_a_proof_cannot_be_forged_as_a_native_id() -> None:
    """Nobody comes in by a channel under the mark of the host's own identities."""
    hub = LinkParty(
        identity=replace(party("s").identity, channel="@proof:oidc"), natural_key=key("s")
    )
    async with host_of() as host:
        await host.people.registry.link(party("a"), hub)
        forged = replace(person("s"), identity=hub.identity)
        with pytest.raises(UnauthenticatedError):
            await host.context.run(said(forged))


async def test_nobody_is_linked_to_all_who_are_anonymous() -> None:
    """With the one who links, everybody who reaches the port would be that person."""
    anybody = Principal(id="anonymous", kind="anonymous")
    joining = LinkParty(identity=identity_of(anybody), natural_key=key("anonymous"))
    async with registry() as people:
        for one, other in ((joining, party("a")), (party("a"), joining)):
            with pytest.raises(LinkRefusedError):
                await people.link(one, other)
