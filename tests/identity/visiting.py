"""Visitors, and lists that say what they are told."""

from collections.abc import Mapping

from agent_host.identity.key import identity_key
from agent_host.types import ChannelIdentity, Conversation
from agent_host.types.identity import IdentityBinding
from agent_host.types.visitor import Verdict, Visitor

ROOM = Conversation(id="room", kind="group")
PRIVATE = Conversation(id="7")


def visitor(
    native_id: str = "7",
    *,
    channel: str = "chat",
    seen_on: str | None = None,
    is_linked: bool = False,
    claims: Mapping[str, object] | None = None,
    source: str = "oidc",
    conversation: Conversation | None = None,
) -> Visitor:
    """Somebody on `channel`; with `claims` they are verified by `source`."""
    identity = ChannelIdentity(channel=seen_on or channel, account="bot", native_id=native_id)
    return Visitor(
        channel=channel,
        identity=identity,
        binding=IdentityBinding(isolation_key=identity_key(identity), is_linked=is_linked),
        verified_claims=dict(claims or {}),  # type: ignore[arg-type]
        claim_source=None if claims is None else source,
        conversation=conversation,
    )


class Saying:
    """A list with one verdict, that counts how often it is asked."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.asked = 0

    @property
    def parts(self) -> tuple["Saying", ...]:
        return ()

    async def judge(self, visitor: Visitor) -> Verdict:
        del visitor
        self.asked += 1
        return self.verdict


class Failing:
    """A list that cannot be asked."""

    @property
    def parts(self) -> tuple["Failing", ...]:
        return ()

    async def judge(self, visitor: Visitor) -> Verdict:
        del visitor
        raise OSError("the list is away")


__all__ = ["PRIVATE", "ROOM", "Failing", "Saying", "visitor"]
