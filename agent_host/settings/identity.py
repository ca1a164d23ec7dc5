"""Who may come in, who may be one person, and what is kept apart in rooms, as settings."""

from typing import Literal

from pydantic import Field

from agent_host.errors import ConfigurationError
from agent_host.identity.access_policy import (
    INHERIT,
    AuthPolicy,
    ChannelAuth,
    HostAccessPolicy,
    Inherit,
)
from agent_host.identity.allowlist.combined import AllOf, AnyOf
from agent_host.identity.allowlist.linked_claim import LinkedClaimAllowlist
from agent_host.identity.allowlist.native_id import NativeIdAllowlist
from agent_host.identity.link_policy import (
    AllowAllLinks,
    DenyAllLinks,
    ExplicitPairs,
    SameTierOnly,
)
from agent_host.identity.option import IDENTITY_LIMIT, PeopleOptions
from agent_host.protocols.access_policy import Allowlist
from agent_host.protocols.link_policy import LinkPolicy
from agent_host.settings.section import Section
from agent_host.types.conversation_scope import ConversationScope
from agent_host.types.room_scope import RoomScopes


class ChannelIdentitySettings(Section):
    """What is different on one channel."""

    allowlist: Literal["inherit", "none", "own"] = Field(
        default="inherit",
        description=(
            "`inherit`: the host's list; `none`: everybody, whatever the host says; `own`: the ids "
            "and claims below."
        ),
    )
    allowed_ids: dict[str, list[str]] = Field(
        default_factory=dict[str, list[str]],
        description="Native ids that may come in, for an own list; as the host's.",
    )
    allowed_claims: dict[str, list[str]] = Field(
        default_factory=dict[str, list[str]],
        description="Claims that must be verified, each with the values that do, for an own list.",
    )
    require_link: bool | None = Field(
        default=None, description="Whether people must have linked; else as the host says."
    )
    room_scope: ConversationScope | None = Field(
        default=None, description="What is kept apart in rooms; else as the host says."
    )
    tier: str | None = Field(
        default=None, min_length=1, description="How confidential the channel is, for same_tier."
    )

    def to_auth(self, channel: str) -> ChannelAuth:
        """The same as the host takes it.

        Raises:
            ConfigurationError: a list that would let nobody in, or that would not count.
        """
        return ChannelAuth(
            allowlist=self._to_allowlist(channel),
            require_link=INHERIT if self.require_link is None else self.require_link,
        )

    def _to_allowlist(self, channel: str) -> Allowlist | Inherit | None:
        where = f"identity.channels.{channel}"
        if self.allowlist == "own":
            own = _allowlist(self.allowed_ids, self.allowed_claims)
            if own is None:
                raise ConfigurationError(
                    f"`{where}.allowlist` is `own`, and lists nobody: set `allowed_ids` or "
                    "`allowed_claims` beside it."
                )
            return own
        if self.allowed_ids or self.allowed_claims:
            raise ConfigurationError(
                f"`{where}` lists who may come in, and its `allowlist` is {self.allowlist!r}, so "
                "that the list would not count. Set it to `own`, or remove the list."
            )
        return INHERIT if self.allowlist == "inherit" else None


class IdentitySettings(Section):
    """Who may come in, who may be one person, and what is kept apart in rooms."""

    allowed_ids: dict[str, list[str]] = Field(
        default_factory=dict[str, list[str]],
        description=(
            "Native ids that may come in, by channel; immutable ones, never names. Callers with a "
            "key are under `@api_key` by its subject, those with a token under `@token`. With any, "
            "nobody else may."
        ),
    )
    allowed_claims: dict[str, list[str]] = Field(
        default_factory=dict[str, list[str]],
        description=(
            "Claims that let in besides, each with the values that do; all of them must be "
            'verified, by a token or by a link. Such as {groups = ["staff"]}.'
        ),
    )
    require_link: bool = Field(
        default=False, description="Let in only who has linked. Needs a linker."
    )
    link_policy: Literal["allow_all", "same_tier", "pairs", "deny_all"] = Field(
        default="allow_all",
        description="Which channels may share a person, and deliver to each other.",
    )
    link_pairs: list[tuple[str, str]] = Field(
        default_factory=list[tuple[str, str]],
        description=(
            "For `pairs`: from which channel to which something may flow. A link needs both "
            'directions: [["telegram", "slack"], ["slack", "telegram"]].'
        ),
    )
    room_scope: ConversationScope = Field(
        default=ConversationScope.PER_USER_PER_CONVERSATION,
        description=(
            "What is kept apart in rooms. With `per_user` a person's private history is used "
            "before everybody in the room."
        ),
    )
    identity_limit: int = Field(
        default=IDENTITY_LIMIT, ge=2, description="How many identities one person may have."
    )
    channels: dict[str, ChannelIdentitySettings] = Field(
        default_factory=dict[str, ChannelIdentitySettings],
        description=(
            "What is different on a channel: `allowlist` (inherit, none, own), `allowed_ids`, "
            "`allowed_claims`, `require_link`, `room_scope`, `tier`."
        ),
    )

    def to_options(self) -> PeopleOptions:
        """The same as the host takes it.

        Raises:
            ConfigurationError: a list lets nobody in.
        """
        return PeopleOptions(
            access=HostAccessPolicy(
                policy=AuthPolicy(
                    allowlist=_allowlist(self.allowed_ids, self.allowed_claims),
                    require_link=self.require_link,
                ),
                channels={name: own.to_auth(name) for name, own in self.channels.items()},
            ),
            link_policy=self._to_link_policy(),
            tiers={name: own.tier for name, own in self.channels.items() if own.tier is not None},
            rooms=RoomScopes(
                default=self.room_scope,
                channels={
                    name: own.room_scope
                    for name, own in self.channels.items()
                    if own.room_scope is not None
                },
            ),
            identity_limit=self.identity_limit,
        )

    def _to_link_policy(self) -> LinkPolicy:
        match self.link_policy:
            case "allow_all":
                return AllowAllLinks()
            case "same_tier":
                return SameTierOnly()
            case "pairs":
                return ExplicitPairs(self.link_pairs)
            case "deny_all":
                return DenyAllLinks()


def _allowlist(ids: dict[str, list[str]], claims: dict[str, list[str]]) -> Allowlist | None:
    lists: list[Allowlist] = []
    if ids:
        lists.append(NativeIdAllowlist(ids))
    if claims:
        lists.append(
            AllOf(*(LinkedClaimAllowlist(name, values) for name, values in claims.items()))
        )
    return AnyOf(*lists) if lists else None


__all__ = ["ChannelIdentitySettings", "IdentitySettings"]
