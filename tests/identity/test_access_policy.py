"""What a host decides by its rules: lists first, then links, and what nobody allows is denied."""

import pytest

from agent_host.identity.access_policy import (
    AuthPolicy,
    ChannelAuth,
    HostAccessPolicy,
)
from agent_host.identity.allowlist.everybody import AllowAll
from agent_host.protocols.access_policy import Allowlist
from agent_host.types import Allowed, Decision, Denied, LinkRequired
from agent_host.types.visitor import Verdict, Visitor
from tests.identity.visiting import Failing, Saying, visitor


async def _decide(policy: AuthPolicy, who: Visitor) -> Decision:
    return await HostAccessPolicy(policy=policy).decide(who)


@pytest.mark.parametrize(
    ("verdict", "require_link", "is_linked", "expected"),
    [
        (Verdict.ALLOW, False, False, Allowed),
        (Verdict.ALLOW, True, False, LinkRequired),
        (Verdict.ALLOW, True, True, Allowed),
        (Verdict.DENY, True, False, Denied),  # a link would not help, so none is asked for
        (Verdict.DENY, False, True, Denied),
        (Verdict.ABSTAIN, False, False, Denied),
        (Verdict.ABSTAIN, True, True, Denied),
    ],
)
async def test_lists_come_before_links_and_silence_is_a_no(
    verdict: Verdict, require_link: bool, is_linked: bool, expected: type[Decision]
) -> None:
    policy = AuthPolicy(allowlist=Saying(verdict), require_link=require_link)
    decision = await _decide(policy, visitor(is_linked=is_linked))
    assert isinstance(decision, expected)


async def test_who_has_proved_nothing_is_asked_to_and_then_judged() -> None:
    policy = AuthPolicy.linked_claims("groups", ["staff"])
    asked = await _decide(policy, visitor())
    assert isinstance(asked, LinkRequired)
    staff = await _decide(policy, visitor(is_linked=True, claims={"groups": "staff"}))
    assert isinstance(staff, Allowed)
    assert (staff.verified_claims, staff.claim_source) == ({"groups": "staff"}, "oidc")
    guest = await _decide(policy, visitor(is_linked=True, claims={"groups": "guest"}))
    assert isinstance(guest, Denied)
    by_code = await _decide(policy, visitor(is_linked=True))  # a link that proved no claim
    assert isinstance(by_code, Denied)


async def test_the_profiles() -> None:
    assert isinstance(await _decide(AuthPolicy.open(), visitor()), Allowed)
    assert isinstance(await _decide(AuthPolicy.linked(), visitor()), LinkRequired)
    listed = AuthPolicy.native_ids({"chat": ["7"]})
    assert isinstance(await _decide(listed, visitor("7")), Allowed)
    assert isinstance(await _decide(listed, visitor("8")), Denied)
    mixed = AuthPolicy.mixed({"chat": ["7"]}, {"groups": ["staff"], "level": ["2"]})
    assert isinstance(await _decide(mixed, visitor("7")), Allowed)
    assert isinstance(await _decide(mixed, visitor("8")), LinkRequired)
    proved = {"groups": "staff", "level": "2"}
    assert isinstance(await _decide(mixed, visitor("8", claims=proved)), Allowed)
    assert isinstance(await _decide(mixed, visitor("8", claims={"groups": "staff"})), Denied)


async def test_a_list_that_fails_denies() -> None:
    decision = await _decide(AuthPolicy(allowlist=Failing()), visitor())
    assert isinstance(decision, Denied)
    assert decision.reason_code == "allowlist_failed"
    assert "away" not in decision.user_message


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (ChannelAuth(), Denied),
        (ChannelAuth(allowlist=None), Allowed),
        (ChannelAuth(allowlist=AllowAll(), require_link=True), LinkRequired),
    ],
    ids=["inherit", "none", "own"],
)
async def test_a_channel_inherits_has_none_or_its_own(
    own: ChannelAuth, expected: type[Decision]
) -> None:
    access = HostAccessPolicy(
        policy=AuthPolicy(allowlist=Saying(Verdict.DENY)), channels={"chat": own}
    )
    assert isinstance(await access.decide(visitor()), expected)
    assert isinstance(await access.decide(visitor(channel="other")), Denied)


@pytest.mark.parametrize(
    ("allowlist", "own", "is_open"),
    [
        (None, ChannelAuth(), True),
        (AllowAll(), ChannelAuth(allowlist=None), False),
        (None, ChannelAuth(require_link=True), False),
        (None, ChannelAuth(allowlist=AllowAll()), False),
    ],
)
def test_a_host_is_open_only_where_no_rule_is_set(
    allowlist: Allowlist | None, own: ChannelAuth, is_open: bool
) -> None:
    access = HostAccessPolicy(policy=AuthPolicy(allowlist=allowlist), channels={"chat": own})
    assert access.is_open is is_open
