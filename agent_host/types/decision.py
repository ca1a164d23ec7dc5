"""What an authorizer can say."""

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from agent_host.types.identifier import IsolationKey
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.quick_init import quick_init

NOT_LISTED: Final = "not_listed"
NOBODY_VOUCHES: Final = "nobody_vouches"
UNLISTED: Final = frozenset({NOT_LISTED, NOBODY_VOUCHES})
"""Reasons of a `Denied` for somebody whom no allowlist names."""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Come in, under this key. `claim_source` names who verified the claims."""

    isolation_key: IsolationKey
    verified_claims: JsonObject = field(default_factory=dict[str, JsonValue])
    claim_source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRequired:
    """Link this identity first. `challenge` is for a private conversation only."""

    challenge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """No. `user_message` is safe to show; `log_details` stays with the operator."""

    reason_code: str
    user_message: str = "You do not have access to this agent."
    log_details: str = ""


Decision: TypeAlias = Allowed | LinkRequired | Denied

__all__ = [
    "NOBODY_VOUCHES",
    "NOT_LISTED",
    "UNLISTED",
    "Allowed",
    "Decision",
    "Denied",
    "LinkRequired",
]
