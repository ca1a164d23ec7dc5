"""A function as a list."""

from typing import Any

import pytest

from agent_host.identity.allowlist.function import CallableAllowlist
from agent_host.types.visitor import Verdict, Visitor
from tests.identity.visiting import visitor


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (True, Verdict.ALLOW),
        (False, Verdict.DENY),
        (None, Verdict.ABSTAIN),
        ("no", Verdict.DENY),
        (1, Verdict.DENY),
    ],
)
async def test_only_a_plain_yes_allows(said: Any, verdict: Verdict) -> None:
    async def later(_: Visitor) -> Any:
        return said

    assert await CallableAllowlist(lambda _: said).judge(visitor()) is verdict
    assert await CallableAllowlist(later).judge(visitor()) is verdict


async def test_it_is_told_who_it_is() -> None:
    listed = CallableAllowlist(lambda who: who.identity.native_id == "7")
    assert await listed.judge(visitor("7")) is Verdict.ALLOW
    assert await listed.judge(visitor("8")) is Verdict.DENY
    assert listed.parts == ()
