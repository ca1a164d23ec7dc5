"""What the identity registry knows of a person, and what links and tiers are."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from agent_host.types.identifier import IsolationKey
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.principal import ChannelIdentity, Conversation, Principal

HOST_MARK: Final = "@"
"""Begins the `channel` of an identity that no channel saw. A channel's name cannot begin so."""

ANYBODY: Final = "@anonymous"
"""The `channel` of the one identity that all callers share where nobody has to prove who they are.
It is not linked: a link would be one of everybody.
"""

VERIFIER_SOURCE: Final = "authenticator"
"""The source of the claims that came with a token which was verified for this very call."""

APP_SOURCE: Final = "app"
"""The source of the claims that an app vouches for, when it asks whether somebody may come in."""

UNKNOWN_KEY: Final = IsolationKey("")

_EVERY_CHANNEL: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIdentity:
    """One identity of a person. `last_seen_at` and `conversation` are where they last spoke in
    private through it; None where they have not. `verified_claims` were proved by `claim_source`.

    `natural_key` is the identity's own: its partition while it is linked to nobody. `linked_at` is
    when it came to this person; for one that is linked to nobody, when it was first seen.
    """

    identity: ChannelIdentity
    linked_at: datetime
    natural_key: IsolationKey = UNKNOWN_KEY
    last_seen_at: datetime | None = None
    conversation: Conversation | None = None
    verified_claims: JsonObject = field(default_factory=dict[str, JsonValue])
    claim_source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityBinding:
    """Whose an identity is: the person's key, which is its own as long as it `is_linked` to nobody.

    The claims are those that a link proved of this very identity. They do not travel to others of
    the same person.
    """

    isolation_key: IsolationKey
    is_linked: bool = False
    verified_claims: JsonObject = field(default_factory=dict[str, JsonValue])
    claim_source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkParty:
    """One of the two that are linked. Plain data, so that a challenge can keep it.

    `natural_key` is what the identity resolver gave for it. Claims that the link proves of it
    replace those that an earlier one proved; without a `claim_source` these stay.
    """

    identity: ChannelIdentity
    natural_key: IsolationKey
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


def identity_of(principal: Principal) -> ChannelIdentity:
    """A caller that an authenticator named, as an identity that can be linked. It is the same one
    on every channel. A key that the verifier knows is part of who it is.
    """
    return ChannelIdentity(
        channel=HOST_MARK + principal.kind,
        account=principal.isolation_key or _EVERY_CHANNEL,
        native_id=principal.id,
        tenant=principal.tenant,
    )


__all__ = [
    "ANYBODY",
    "APP_SOURCE",
    "HOST_MARK",
    "VERIFIER_SOURCE",
    "IdentityBinding",
    "KnownIdentity",
    "LinkParty",
    "LinkSide",
    "identity_of",
]
