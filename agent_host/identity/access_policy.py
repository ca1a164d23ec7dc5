"""Who may talk to the agent: rules, and the decision by them. It writes nothing."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final, Self

from agent_host.identity.allowlist.combined import AllOf, AnyOf
from agent_host.identity.allowlist.linked_claim import LinkedClaimAllowlist
from agent_host.identity.allowlist.native_id import NativeIdAllowlist, NativeIds
from agent_host.protocols.access_policy import Allowlist
from agent_host.types.decision import (
    NOBODY_VOUCHES,
    NOT_LISTED,
    Allowed,
    Decision,
    Denied,
    LinkRequired,
)
from agent_host.types.visitor import Verdict, Visitor

logger = logging.getLogger(__name__)


class Inherit(Enum):
    """What stands for "as the host does"."""

    INHERIT = "inherit"


INHERIT: Final = Inherit.INHERIT


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthPolicy:
    """One set of rules. Without an `allowlist` everybody may; with one, whom it does not allow may
    not. `require_link` asks besides that the identity is linked.
    """

    allowlist: Allowlist | None = None
    require_link: bool = False

    @classmethod
    def open(cls) -> Self:
        """Everybody, each in a partition of their own."""
        return cls()

    @classmethod
    def linked(cls) -> Self:
        """Whoever has linked."""
        return cls(require_link=True)

    @classmethod
    def native_ids(cls, ids: NativeIds) -> Self:
        """Whom the platforms' ids name, see `NativeIdAllowlist`."""
        return cls(allowlist=NativeIdAllowlist(ids))

    @classmethod
    def linked_claims(cls, claim: str, values: Iterable[str], *, source: str | None = None) -> Self:
        """Who has proved a claim, see `LinkedClaimAllowlist`; others are asked to link."""
        return cls(allowlist=LinkedClaimAllowlist(claim, values, source=source))

    @classmethod
    def mixed(cls, ids: NativeIds, claims: Mapping[str, Iterable[str]]) -> Self:
        """Whom the platforms' ids name, and besides them who has proved every one of the claims."""
        proofs = AllOf(*(LinkedClaimAllowlist(claim, values) for claim, values in claims.items()))
        return cls(allowlist=AnyOf(NativeIdAllowlist(ids), proofs))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAuth:
    """What is different on one channel. `allowlist` None is none at all, whatever the host has."""

    allowlist: Allowlist | Inherit | None = INHERIT
    require_link: bool | Inherit = INHERIT

    def over(self, policy: AuthPolicy) -> AuthPolicy:
        """The rules that hold on the channel."""
        if not isinstance(self.allowlist, Inherit):
            policy = replace(policy, allowlist=self.allowlist)
        if not isinstance(self.require_link, Inherit):
            policy = replace(policy, require_link=self.require_link)
        return policy


@dataclass(frozen=True, slots=True, kw_only=True)
class HostAccessPolicy:
    """The rules of a host and of its channels. `invitation` is what somebody is told who must link
    first: how, in a sentence; it is shown in private only.
    """

    policy: AuthPolicy = field(default_factory=AuthPolicy)
    channels: Mapping[str, ChannelAuth] = field(default_factory=dict[str, ChannelAuth])
    invitation: str = "Link this account to one that is known here first."

    @property
    def is_open(self) -> bool:
        """Whether everybody may, everywhere: then nobody has to be asked."""
        return all(
            policy.allowlist is None and not policy.require_link
            for policy in (self.policy, *map(self.policy_of, self.channels))
        )

    def policy_of(self, channel: str) -> AuthPolicy:
        """The rules that hold on a channel."""
        own = self.channels.get(channel)
        return self.policy if own is None else own.over(self.policy)

    async def decide(self, visitor: Visitor) -> Decision:
        """By the rules of the visitor's channel."""
        return await self.decide_by(self.policy_of(visitor.channel), visitor)

    async def decide_by(self, policy: AuthPolicy, visitor: Visitor) -> Decision:
        """By these rules: whom a list denies is not asked to link, since that would not help."""
        verdict = Verdict.ALLOW
        if policy.allowlist is not None:
            try:
                verdict = await policy.allowlist.judge(visitor)
            except Exception:
                logger.exception("an allowlist failed; the caller is denied")
                return Denied(reason_code="allowlist_failed")
        if verdict is Verdict.DENY:
            return Denied(reason_code=NOT_LISTED)
        is_linked = visitor.binding.is_linked
        if policy.require_link and not is_linked:
            return LinkRequired(challenge=self.invitation)
        if verdict is Verdict.ALLOW:
            return Allowed(
                isolation_key=visitor.binding.isolation_key,
                verified_claims=visitor.verified_claims,
                claim_source=visitor.claim_source,
            )
        if policy.allowlist is not None and not is_linked and asks_claims(policy.allowlist):
            return LinkRequired(challenge=self.invitation)
        return Denied(reason_code=NOBODY_VOUCHES)


def asks_claims(allowlist: Allowlist) -> bool:
    """Whether something that is proved can change what it says."""
    return any(isinstance(one, LinkedClaimAllowlist) for one in walk(allowlist))


def walk(allowlist: Allowlist) -> Iterable[Allowlist]:
    """The list and all that are in it."""
    yield allowlist
    for part in allowlist.parts:
        yield from walk(part)


__all__ = [
    "INHERIT",
    "AuthPolicy",
    "ChannelAuth",
    "HostAccessPolicy",
    "Inherit",
    "asks_claims",
    "walk",
]
