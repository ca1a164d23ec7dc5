"""What could only deny, or only allow, does not start."""

import pytest

from agent_host.errors import ConfigurationError
from agent_host.identity.access_check import Surroundings, check_access, check_channels
from agent_host.identity.access_policy import (
    AuthPolicy,
    ChannelAuth,
    HostAccessPolicy,
)
from agent_host.identity.allowlist.combined import AllOf, AnyOf
from agent_host.identity.allowlist.everybody import AllowAll
from agent_host.identity.allowlist.function import CallableAllowlist
from agent_host.identity.allowlist.linked_claim import LinkedClaimAllowlist
from agent_host.identity.allowlist.native_id import NativeIdAllowlist
from agent_host.protocols.access_policy import Allowlist

HOST = Surroundings(
    channels=("chat", "rest"),
    caller_channels=("rest",),
    signed_channels=("chat",),
    claim_sources=("entra",),
)
STAFF = LinkedClaimAllowlist("groups", ["staff"])


def _check(allowlist: Allowlist, around: Surroundings = HOST) -> None:
    check_access(HostAccessPolicy(policy=AuthPolicy(allowlist=allowlist)), around)


@pytest.mark.parametrize(
    ("allowlist", "text"),
    [
        (NativeIdAllowlist({"chet": ["7"], "@api_key": ["a"]}), "chet"),
        (NativeIdAllowlist({"chat": ["7"]}), "rest"),
        (NativeIdAllowlist({"@api_key": ["7"]}), "chat"),
        (NativeIdAllowlist({"chat": ["7"], "rest": ["a"]}), "@api_key"),
        (LinkedClaimAllowlist("groups", ["staff"], source="oidc"), "groups"),
        (AnyOf(), "AnyOf"),
        (AllOf(), "AllOf"),
        (AnyOf(AllowAll(), STAFF), "everybody"),
        (AllOf(STAFF, AnyOf(AnyOf(AllowAll(), STAFF))), "everybody"),
        (AllOf(STAFF, NativeIdAllowlist({"chat": ["7"]})), "rest"),
        (AnyOf(NativeIdAllowlist({"chat": ["7"]}), AllOf()), "AllOf"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(allowlist: Allowlist, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        _check(allowlist)


@pytest.mark.parametrize(
    "allowlist",
    [
        AllowAll(),
        STAFF,
        NativeIdAllowlist({"chat": ["7"], "@api_key": ["a"]}),
        AnyOf(NativeIdAllowlist({"chat": ["7"]}), STAFF),
        AllOf(CallableAllowlist(lambda _: None), STAFF),
    ],
)
def test_a_list_that_can_allow_everywhere_is_taken(allowlist: Allowlist) -> None:
    _check(allowlist)


def test_claims_without_anybody_who_verifies_them_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="groups"):
        _check(STAFF, Surroundings(channels=("chat",)))


def test_a_link_is_not_required_where_nothing_links() -> None:
    access = HostAccessPolicy(channels={"chat": ChannelAuth(require_link=True)})
    with pytest.raises(ConfigurationError, match="linker"):
        check_access(access, HOST)
    check_access(access, Surroundings(channels=("chat",), has_linker=True))


def test_rules_are_for_channels_that_are_there() -> None:
    with pytest.raises(ConfigurationError, match="chet"):
        check_access(HostAccessPolicy(channels={"chet": ChannelAuth()}), HOST)
    with pytest.raises(ConfigurationError, match="tiers"):
        check_channels("tiers", ["chet"], ["chat"])


def test_a_channel_that_the_hosts_list_leaves_out_may_have_its_own() -> None:
    policy = AuthPolicy(allowlist=NativeIdAllowlist({"chat": ["7"]}))
    check_access(
        HostAccessPolicy(policy=policy, channels={"rest": ChannelAuth(allowlist=None)}), HOST
    )
