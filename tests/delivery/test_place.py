"""The keys of places: the same in every process and release, as records are named by them."""

from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.delivery.place import account_of, delivery_id_of, digest_of, lane_of
from agent_host.types import ChannelIdentity, Conversation, Destination

STEPS = st.lists(st.none() | st.text(st.characters(exclude_categories=())))


@pytest.mark.parametrize(
    ("destination", "lane", "delivery_id", "account"),
    [
        (
            Destination(
                channel="chat",
                account="a",
                identity=ChannelIdentity(channel="chat", account="a", native_id="日本\ud800"),
            ),
            "dlv.53dab960a1a056dfef5d15fedc7d93aa",
            "dlv_0123456789abfd8cce216535a1769d5f72885eb0ea87",
            "a9bafb8ff0008a32801efebe85184505",
        ),
        (
            Destination(channel="chat", conversation=Conversation(id="c")),
            "dlv.711ece89341f39dc3458acd2e4139fd1",
            "dlv_0123456789abfb549e4d1352644c1f435f2944890e97",
            "4ec77c0f03fe340f284a1c71cb349c94",
        ),
        (
            Destination(channel="é"),
            "dlv.94303f7239f4bb6be4eb7c2da4d037ec",
            "dlv_0123456789ab67101be817ab1166edd0e264f92bc87f",
            "c883a0a37560ff099faceb8b539d97f6",
        ),
    ],
)
def test_a_place_has_the_keys_it_always_had(
    destination: Destination, lane: str, delivery_id: str, account: str
) -> None:
    assert lane_of(destination) == lane
    assert delivery_id_of("run_0123456789abcdef", destination) == delivery_id
    assert account_of(destination) == account


@given(STEPS)
def test_a_digest_is_of_each_step_with_its_length_in_bytes(steps: list[str | None]) -> None:
    text = b""
    for step in steps:
        encoded = (step or "").encode("utf-8", "surrogatepass")
        text += b"%d:%d:" % (step is not None, len(encoded)) + encoded
    assert digest_of(*steps) == blake2b(text, digest_size=16, person=b"delivery").hexdigest()
