"""Who stands at the door, with all that is known of them: what access is decided on."""

from dataclasses import dataclass, field
from enum import StrEnum

from agent_host.types.identity import IdentityBinding
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.principal import ChannelIdentity, Conversation


class Verdict(StrEnum):
    """What an allowlist says. `abstain`: it has no opinion, for instance as nothing is proved yet;
    where nothing else allows, that is a no.
    """

    ALLOW = "allow"
    DENY = "deny"
    ABSTAIN = "abstain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """`channel` is where they come by; `identity` is what that channel, or an authenticator, says.

    `verified_claims` come from `claim_source`: the verifier of this very call, else the link of
    this identity. None of it comes from what the client sent.
    """

    channel: str
    identity: ChannelIdentity
    binding: IdentityBinding
    verified_claims: JsonObject = field(default_factory=dict[str, JsonValue])
    claim_source: str | None = None
    conversation: Conversation | None = None


__all__ = ["Verdict", "Visitor"]
