"""`host.authorize`: the same rules as the pipeline's, asked by the app."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from agent_host import AgentHost
from agent_host.identity.access_policy import AuthPolicy, HostAccessPolicy
from agent_host.identity.allowlist.linked_claim import LinkedClaimAllowlist
from agent_host.identity.allowlist.native_id import NativeIdAllowlist
from agent_host.identity.option import PeopleOptions
from agent_host.identity.people import claim_sources_of
from agent_host.stores.memory import MemoryStateStore
from agent_host.types import Allowed, ChannelIdentity, Denied, LinkRequired, Principal
from tests.host.counting_store import CountingStore
from tests.identity.people import identity, key, party
from tests.identity.visiting import PRIVATE, ROOM

STAFF = LinkedClaimAllowlist("groups", ["staff"])


async def _silent(text: str) -> str:
    return text


@asynccontextmanager
async def _host(**options: Any) -> AsyncGenerator[AgentHost]:
    async with AgentHost(_silent, **options) as host:
        yield host


async def test_without_rules_everybody_may_under_their_own_key() -> None:
    async with _host() as host:
        decision = await host.authorize(identity("a"))
        assert decision == Allowed(isolation_key=key("a"))


async def test_the_rules_of_the_host_hold_and_can_be_replaced() -> None:
    listed = AuthPolicy(allowlist=NativeIdAllowlist({"chat": ["a"]}))
    options = PeopleOptions(access=HostAccessPolicy(policy=listed))
    async with _host(people=options) as host:
        ask = host.authorize
        assert isinstance(await ask(identity("a")), Allowed)
        assert isinstance(await ask(identity("b")), Denied)
        assert isinstance(await ask(identity("b"), allowlist=None), Allowed)
        assert isinstance(await ask(identity("a"), require_link=True), LinkRequired)


async def test_before_and_after_a_link() -> None:
    proved = replace(party("b"), verified_claims={"groups": "staff"}, claim_source="oidc")
    async with _host() as host:
        ask = host.authorize
        assert isinstance(await ask(identity("b"), allowlist=STAFF), LinkRequired)
        await host.people.registry.link(proved, party("a"))
        decision = await ask(identity("b"), allowlist=STAFF, require_link=True)
        assert decision == Allowed(
            isolation_key=key("a"), verified_claims={"groups": "staff"}, claim_source="oidc"
        )
        # What was proved of one identity is not proved of another of the same person.
        assert isinstance(await ask(identity("a"), allowlist=STAFF), Denied)


async def test_what_the_app_verified_itself_counts() -> None:
    async with _host() as host:
        decision = await host.authorize(
            identity("a"), allowlist=STAFF, verified_claims={"groups": ["staff"]}
        )
        assert isinstance(decision, Allowed)
        assert decision.claim_source == "app"


async def test_in_a_room_the_key_is_not_the_private_one() -> None:
    async with _host() as host:
        ask = host.authorize
        in_room = await ask(identity("a"), conversation=ROOM)
        in_private = await ask(identity("a"), conversation=PRIVATE)
        assert isinstance(in_room, Allowed)
        assert in_private == Allowed(isolation_key=key("a"))
        assert in_room.isolation_key != key("a")


async def test_it_writes_nothing() -> None:
    store = CountingStore(MemoryStateStore())
    async with _host(store=store) as host:
        await host.authorize(identity("a"), require_link=True, allowlist=STAFF)
        assert store.commits == 0


async def test_whom_the_resolver_refuses_is_denied() -> None:
    def nobody(_: ChannelIdentity | Principal) -> None:
        return None

    async with _host(identity_resolver=nobody) as host:
        decision = await host.authorize(identity("a"))
        assert isinstance(decision, Denied)
        assert decision.reason_code == "unknown_person"
        assert await host.people.registry.find(identity("a")) is None


def test_an_authenticator_says_whether_it_verifies_claims() -> None:
    class Keys:
        admits_anyone = False
        challenge = "Key"
        verifies_claims = False

        async def authenticate(self, connection: object) -> Principal:
            raise NotImplementedError

    class Tokens(Keys):
        verifies_claims = True

    assert claim_sources_of(Keys()) == ()
    assert claim_sources_of(Tokens()) == ("authenticator",)
