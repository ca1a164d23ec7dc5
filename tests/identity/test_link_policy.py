"""Which channels may share a person."""

import pytest

from agent_host.errors import LinkRefusedError
from agent_host.identity.key import proved_party
from agent_host.identity.link_policy import (
    AllowAllLinks,
    DenyAllLinks,
    ExplicitPairs,
    SameTierOnly,
)
from agent_host.protocols.link_policy import LinkPolicy
from agent_host.types import ChannelIdentity, IsolationKey
from agent_host.types.identity import LinkParty, LinkSide
from tests.identity.people import key, key_of, party, registry

TIERS = {"chat": "public", "mail": "public", "desk": "internal"}
CALLER = LinkParty(
    identity=ChannelIdentity(channel="@api_key", account="", native_id="ann"),
    natural_key=IsolationKey("iso_ann"),
)
PROOF = proved_party("oidc", issuer="https://issuer", subject="s", tenant="default")


class Broken:
    def allows(self, source: LinkSide, destination: LinkSide) -> bool:
        raise RuntimeError


@pytest.mark.parametrize(
    ("policy", "channel", "is_allowed"),
    [
        (AllowAllLinks(), "desk", True),
        (DenyAllLinks(), "chat", False),
        (SameTierOnly(), "mail", True),
        (SameTierOnly(), "desk", False),
        (ExplicitPairs([("chat", "desk"), ("desk", "chat")]), "desk", True),
        (ExplicitPairs([("chat", "desk")]), "desk", False),  # one history is read from both sides
        (ExplicitPairs([("desk", "chat")]), "desk", False),
        (ExplicitPairs([("chat", "desk")]), "chat", True),
        (Broken(), "chat", False),
    ],
)
async def test_a_link_needs_both_directions(
    policy: LinkPolicy, channel: str, is_allowed: bool
) -> None:
    async with registry(policy=policy, tiers=TIERS) as people:
        joining = party("b", channel=channel)
        if is_allowed:
            await people.link(joining, party("a"))
        else:
            with pytest.raises(LinkRefusedError) as caught:
                await people.link(joining, party("a"))
            assert caught.value.reason_code == "link_policy"
            assert await key_of(people, "b", channel=channel) == key("b", channel=channel)


async def test_everybody_who_comes_along_is_asked_about() -> None:
    """Whoever is linked already would be brought together too."""
    pairs = ExplicitPairs([("chat", "mail"), ("mail", "chat"), ("mail", "desk"), ("desk", "mail")])
    async with registry(policy=pairs) as people:
        await people.link(party("m", channel="mail"), party("a"))
        with pytest.raises(LinkRefusedError):
            await people.link(party("d", channel="desk"), party("m", channel="mail"))


async def test_a_caller_is_on_every_channel_that_an_authenticator_guards() -> None:
    def guarded() -> list[str]:
        return ["mail", "desk"]

    async with registry(policy=SameTierOnly(), tiers=TIERS, caller_channels=guarded) as people:
        with pytest.raises(LinkRefusedError):
            await people.link(CALLER, party("a"))
    async with registry(policy=SameTierOnly(), tiers=TIERS) as people:
        await people.link(CALLER, party("a", channel="desk"))  # callers read nowhere


async def test_a_proof_is_no_place_and_yet_nothing_is_linked_where_all_links_are_denied() -> None:
    async with registry(policy=SameTierOnly(), tiers=TIERS) as people:
        await people.link(PROOF, party("a"))
        with pytest.raises(LinkRefusedError):  # by way of it, chat and desk would be one
            await people.link(PROOF, party("d", channel="desk"))
    async with registry(policy=DenyAllLinks()) as people:
        for joining in (PROOF, CALLER):
            with pytest.raises(LinkRefusedError):
                await people.link(joining, party("a"))
        with pytest.raises(LinkRefusedError):
            await people.link(PROOF, CALLER)


def test_the_channels_of_pairs_are_known() -> None:
    assert ExplicitPairs([("chat", "desk")]).channels == {"chat", "desk"}
