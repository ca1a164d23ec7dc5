"""Where an answer goes, for whatever is known of a person."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agent_host.delivery.place import account_of, delivery_id_of, lane_of
from agent_host.delivery.resolution import Resolver
from agent_host.types import (
    Caller,
    ChannelIdentity,
    Conversation,
    DeliveryPolicy,
    Destination,
    KnownIdentity,
    ResponseTarget,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CHANNELS = ("chat", "mail", "web")
texts = st.text(max_size=6)
identities = st.builds(
    ChannelIdentity, channel=st.sampled_from(CHANNELS), account=texts, native_id=texts
)
conversations = st.none() | st.builds(Conversation, id=texts, thread_id=st.none() | texts)
known_identities = st.builds(
    KnownIdentity,
    identity=identities,
    linked_at=st.just(NOW),
    last_seen_at=st.none() | st.integers(0, 100).map(lambda hours: NOW - timedelta(hours=hours)),
    conversation=conversations,
)
people = st.lists(known_identities, max_size=8, unique_by=lambda one: one.identity)
targets = st.one_of(
    st.sampled_from([ResponseTarget(kind="active"), ResponseTarget(kind="all_linked")]),
    st.lists(st.sampled_from(CHANNELS), min_size=1).map(
        lambda names: ResponseTarget(kind="channels", channels=tuple(names))
    ),
    st.lists(identities, min_size=1).map(
        lambda names: ResponseTarget(kind="identities", identities=tuple(names))
    ),
)
destinations = st.builds(
    Destination,
    channel=texts,
    account=texts,
    identity=st.none() | identities,
    conversation=conversations,
)


class Never:
    def allows(self, source: object, destination: object) -> bool:
        return False


@given(targets, people, st.integers(1, 4))
def test_every_destination_is_the_persons_own_and_comes_once(
    target: ResponseTarget, known: list[KnownIdentity], limit: int
) -> None:
    resolver = Resolver(DeliveryPolicy(destination_limit=limit), pushing={"chat", "mail"})
    origin = Caller(channel="web")
    found = resolver.resolve(target, known, origin=origin, now=NOW)
    own = {one.identity for one in known}
    assert all(place.identity in own for place in found.intended)
    assert all(place.channel != "web" for place in found.intended)
    lanes = [lane_of(place) for place in found.intended]
    assert len(lanes) == len(set(lanes)) <= limit
    assert found.intended or found.skipped


@given(targets, people)
def test_a_policy_that_denies_leaves_only_where_it_came_from(
    target: ResponseTarget, known: list[KnownIdentity]
) -> None:
    resolver = Resolver(DeliveryPolicy(), pushing=CHANNELS, link_policy=Never())
    origin = Caller(channel="chat", account="a")
    found = resolver.resolve(target, known, origin=origin, now=NOW)
    assert all((one.channel, one.account) == ("chat", "a") for one in found.intended)


@given(people)
def test_a_message_without_origin_goes_where_its_person_was_last(
    known: list[KnownIdentity],
) -> None:
    resolver = Resolver(DeliveryPolicy(active_within=timedelta()), pushing=CHANNELS)
    target = ResponseTarget(kind="active")
    found = resolver.resolve(target, known, origin=None, now=NOW)
    seen = [one.last_seen_at for one in known if one.last_seen_at is not None]
    assert len(found.intended) == min(len(seen), 1)
    if seen:
        last = max(seen)
        there = {one.identity for one in known if one.last_seen_at == last}
        assert found.intended[0].identity in there


@given(destinations, destinations, texts, texts)
def test_no_two_places_share_a_key(
    one: Destination, other: Destination, run: str, another: str
) -> None:
    same_place = lane_of(one) == lane_of(other)
    assert (delivery_id_of(run, one) == delivery_id_of(run, other)) == same_place
    if run != another:
        assert delivery_id_of(run, one) != delivery_id_of(another, one)
    same_account = (one.channel, one.account) == (other.channel, other.account)
    assert (account_of(one) == account_of(other)) == same_account
    if same_place:
        assert same_account
