"""What an app says about deliveries when it builds its host."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent_host.protocols.identity_registry import IdentityRegistry
from agent_host.protocols.link_policy import LinkPolicy
from agent_host.types.delivery_policy import DeliveryPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryOptions:
    """Without a `registry` nobody has a second destination, and answers go to their callers only.
    Without a `link_policy` they may go from any channel to any other. `tiers` are the confidential
    tiers that the link policy is shown, by channel.
    """

    registry: IdentityRegistry | None = None
    link_policy: LinkPolicy | None = None
    tiers: Mapping[str, str] = field(default_factory=dict[str, str])
    policy: DeliveryPolicy = field(default_factory=DeliveryPolicy)


__all__ = ["DeliveryOptions"]
