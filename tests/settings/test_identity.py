"""Access, links and rooms as settings."""

from typing import Any

import pytest

from agent_host.errors import ConfigurationError
from agent_host.identity.access_policy import HostAccessPolicy
from agent_host.identity.link_policy import (
    AllowAllLinks,
    DenyAllLinks,
    ExplicitPairs,
    SameTierOnly,
)
from agent_host.identity.option import PeopleOptions
from agent_host.settings import IdentitySettings
from agent_host.types import Allowed, Denied, LinkRequired
from agent_host.types.conversation_scope import ConversationScope
from tests.identity.visiting import visitor


def _options(**table: Any) -> PeopleOptions:
    return IdentitySettings.model_validate(table).to_options()


def _access(**table: Any) -> HostAccessPolicy:
    return _options(**table).access


def test_without_a_word_everybody_may_and_everything_can_be_linked() -> None:
    options = _options()
    assert options.access.is_open
    assert isinstance(options.link_policy, AllowAllLinks)
    assert options.rooms.default is ConversationScope.PER_USER_PER_CONVERSATION
    assert options.identity_limit == PeopleOptions().identity_limit


async def test_ids_and_claims_are_alternatives() -> None:
    access = _access(allowed_ids={"chat": ["7"]}, allowed_claims={"groups": ["staff"]})
    assert isinstance(await access.decide(visitor("7")), Allowed)
    assert isinstance(await access.decide(visitor("8")), LinkRequired)
    assert isinstance(await access.decide(visitor("8", claims={"groups": "staff"})), Allowed)
    assert isinstance(await access.decide(visitor("8", claims={"groups": "guest"})), Denied)


async def test_a_channel_inherits_has_none_or_its_own() -> None:
    access = _access(
        allowed_ids={"chat": ["7"]},
        channels={
            "chat": {},
            "open": {"allowlist": "none", "require_link": False},
            "desk": {"allowlist": "own", "allowed_ids": {"desk": ["1"]}},
            "bound": {"allowlist": "none", "require_link": True},
        },
    )
    decided = {
        name: type(await access.decide(visitor(who, channel=name)))
        for name, who in (("chat", "8"), ("open", "8"), ("desk", "1"), ("bound", "8"))
    }
    assert decided == {"chat": Denied, "open": Allowed, "desk": Allowed, "bound": LinkRequired}
    assert isinstance(await access.decide(visitor("7", channel="desk")), Denied)


@pytest.mark.parametrize(
    ("own", "text"),
    [
        ({"allowlist": "own"}, "lists nobody"),
        ({"allowlist": "own", "allowed_ids": {"chat": []}}, "empty"),
        ({"allowed_ids": {"chat": ["7"]}}, "would not count"),
        ({"allowlist": "none", "allowed_claims": {"groups": ["staff"]}}, "would not count"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(own: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        _options(channels={"chat": own})


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("allow_all", AllowAllLinks),
        ("same_tier", SameTierOnly),
        ("pairs", ExplicitPairs),
        ("deny_all", DenyAllLinks),
    ],
)
def test_a_link_policy_has_a_name(name: str, kind: type) -> None:
    assert isinstance(_options(link_policy=name).link_policy, kind)


def test_pairs_tiers_and_rooms_are_what_the_host_takes() -> None:
    options = _options(
        link_policy="pairs",
        link_pairs=[["chat", "desk"]],
        room_scope="per_user",
        channels={"desk": {"tier": "internal", "room_scope": "per_conversation"}, "chat": {}},
    )
    assert isinstance(options.link_policy, ExplicitPairs)
    assert options.link_policy.channels == {"chat", "desk"}
    assert options.tiers == {"desk": "internal"}
    assert options.rooms.default is ConversationScope.PER_USER
    assert options.rooms.channels == {"desk": ConversationScope.PER_CONVERSATION}
