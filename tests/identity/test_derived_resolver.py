"""One key for each identity, for ever; never one key for two."""

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.identity.derived_resolver import DerivedIdentityResolver
from agent_host.types import ChannelIdentity, IsolationKey, Principal

# Few and confusable characters, so that joined parts often read the same.
parts = st.text(alphabet="a1:.|\0é\u0301\ud800", max_size=4)
identities = st.builds(ChannelIdentity, channel=parts, account=parts, native_id=parts, tenant=parts)
principals = st.builds(
    Principal, id=parts, kind=st.sampled_from(["anonymous", "api_key", "token"]), tenant=parts
)


@given(first=identities, second=identities)
async def test_two_identities_share_a_key_only_if_they_are_equal(
    first: ChannelIdentity, second: ChannelIdentity
) -> None:
    resolver = DerivedIdentityResolver()

    same = await resolver.resolve_identity(first) == await resolver.resolve_identity(second)

    assert same == (first == second)


@given(first=principals, second=principals)
async def test_two_principals_share_a_key_only_if_they_are_equal(
    first: Principal, second: Principal
) -> None:
    resolver = DerivedIdentityResolver()

    same = await resolver.resolve_principal(first) == await resolver.resolve_principal(second)

    assert same == (first == second)


@given(identity=identities)
async def test_a_caller_never_gets_the_key_of_somebody_in_a_chat(identity: ChannelIdentity) -> None:
    resolver = DerivedIdentityResolver()
    channel, account, native_id, tenant = astuple(identity)
    lookalike = Principal(id=channel + account + native_id, kind="channel", tenant=tenant)

    assert await resolver.resolve_identity(identity) != await resolver.resolve_principal(lookalike)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna", "anna"),
        ("раypal", "paypal"),  # noqa: RUF001 - a Cyrillic and a Latin first letter
        ("caf\u00e9", "cafe\u0301"),
        ("ﬁ", "fi"),
        ("1", "\u0661"),
        ("\ud800", "\ufffd"),
        ("a ", "a"),
    ],
)
async def test_lookalikes_stay_different_people(one: str, other: str) -> None:
    resolver = DerivedIdentityResolver()

    async def key(native_id: str) -> IsolationKey:
        return await resolver.resolve_identity(
            ChannelIdentity(channel="chat", account="bot", native_id=native_id)
        )

    assert await key(one) != await key(other)


async def test_a_key_that_the_verifier_knows_is_taken_as_it_is() -> None:
    principal = Principal(id="p", kind="token", isolation_key=IsolationKey("iso_known"))

    assert await DerivedIdentityResolver().resolve_principal(principal) == "iso_known"


async def test_claims_and_scopes_do_not_move_anybody_to_another_partition() -> None:
    resolver = DerivedIdentityResolver()
    before = Principal(id="p", kind="token")
    after = Principal(id="p", kind="token", scopes=frozenset({"read"}), claims={"plan": "gold"})

    assert await resolver.resolve_principal(before) == await resolver.resolve_principal(after)


async def test_keys_outlive_the_process_and_the_cache() -> None:
    """The literal is a stored name: were it to change, everybody would lose their sessions."""
    resolver = DerivedIdentityResolver(cache_size=1)
    first = ChannelIdentity(channel="chat", account="bot", native_id="1")
    second = ChannelIdentity(channel="chat", account="bot", native_id="2")

    key = await resolver.resolve_identity(first)
    await resolver.resolve_identity(second)

    assert await resolver.resolve_identity(first) == key
    assert key == "iso_dea5dcc3efc96eef3718ab732cf62e312f4ef4bc"
    assert (
        await resolver.resolve_principal(Principal(id="anonymous", kind="anonymous"))
        == "iso_368a88f33524082d7b7d5757d4607b25fb47cd93"
    )
