"""What the identity registry knows of a person, and what links and tiers are."""

from dataclasses import dataclass, field
from datetime import datetime

from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.principal import ChannelIdentity, Conversation


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIdentity:
    """One identity of a person. `last_seen_at` and `conversation` are where they last spoke in
    private through it; None where they have not. `verified_claims` were proved by `claim_source`.
    """

    identity: ChannelIdentity
    linked_at: datetime
    last_seen_at: datetime | None = None
    conversation: Conversation | None = None
    verified_claims: JsonObject = field(default_factory=dict[str, JsonValue])
    claim_source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSide:
    """One side of a link or of a delivery, as a link policy sees it: where, and how confidential.

    Two channels without a tier are of the same tier.
    """

    channel: str
    account: str = "default"
    tier: str | None = None


__all__ = ["KnownIdentity", "LinkSide"]
