"""Lists by verified claims."""

from collections.abc import Mapping

import pytest

from agent_host.errors import ConfigurationError
from agent_host.identity.allowlist.linked_claim import LinkedClaimAllowlist
from agent_host.types.visitor import Verdict
from tests.identity.visiting import visitor

STAFF = LinkedClaimAllowlist("groups", ["staff", "admin"])


@pytest.mark.parametrize(
    ("claims", "verdict"),
    [
        (None, Verdict.ABSTAIN),
        ({}, Verdict.DENY),
        ({"groups": "staff"}, Verdict.ALLOW),
        ({"groups": ["guest", "admin"]}, Verdict.ALLOW),
        ({"groups": ["guest"]}, Verdict.DENY),
        ({"groups": []}, Verdict.DENY),
        ({"groups": "Staff"}, Verdict.DENY),
        ({"groups": ["staffs"]}, Verdict.DENY),
        ({"groups": {"staff": True}}, Verdict.DENY),
        ({"groups": True}, Verdict.DENY),
        ({"group": "staff"}, Verdict.DENY),
    ],
)
async def test_a_claim_must_have_a_value_that_is_listed(
    claims: Mapping[str, object] | None, verdict: Verdict
) -> None:
    assert await STAFF.judge(visitor(claims=claims)) is verdict


async def test_what_another_proved_does_not_count_where_a_source_is_named() -> None:
    listed = LinkedClaimAllowlist("groups", ["staff"], source="entra")
    proved = {"groups": "staff"}
    assert await listed.judge(visitor(claims=proved, source="oidc")) is Verdict.ABSTAIN
    assert await listed.judge(visitor(claims=proved, source="entra")) is Verdict.ALLOW
    assert (listed.source, listed.parts) == ("entra", ())


@pytest.mark.parametrize(("claim", "values"), [("groups", []), ("", ["staff"])])
def test_a_list_that_would_let_nobody_in_is_refused(claim: str, values: list[str]) -> None:
    with pytest.raises(ConfigurationError):
        LinkedClaimAllowlist(claim, values)
