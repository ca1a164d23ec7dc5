"""Everybody may, each in their own partition."""

from agent_host.identity.open_authorizer import OpenAuthorizer
from agent_host.types import Allowed, Caller, IsolationKey, Principal


async def test_everyone_is_allowed_under_the_key_they_came_with() -> None:
    decision = await OpenAuthorizer().authorize(
        Caller(channel="rest"),
        principal=Principal(id="anonymous", kind="anonymous"),
        isolation_key=IsolationKey("iso_1"),
    )

    assert decision == Allowed(isolation_key=IsolationKey("iso_1"))
