"""All that can be said about people, rooms and links of a host, as one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from agent_host.identity.access_policy import HostAccessPolicy
from agent_host.identity.link_policy import AllowAllLinks
from agent_host.protocols.link_policy import LinkPolicy
from agent_host.types.room_scope import RoomScopes

IDENTITY_LIMIT: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleOptions:
    """`access` says who may come in. `link_policy` says which channels may share a person, by their
    `tiers`. `rooms` says what is kept apart in rooms. `identity_limit` is how many identities one
    person may have.

    `has_linker` and `claim_sources` say what the app itself links and verifies by, besides the
    host's linkers: rules that nothing could fulfil are refused.
    """

    access: HostAccessPolicy = field(default_factory=HostAccessPolicy)
    link_policy: LinkPolicy = field(default_factory=AllowAllLinks)
    tiers: Mapping[str, str] = field(default_factory=dict[str, str])
    rooms: RoomScopes = field(default_factory=RoomScopes)
    identity_limit: int = IDENTITY_LIMIT
    has_linker: bool = False
    claim_sources: frozenset[str] = frozenset()


__all__ = ["IDENTITY_LIMIT", "PeopleOptions"]
