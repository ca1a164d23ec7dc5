"""The table `delivery`."""

from typing import Final

from pydantic import Field

from agent_host.settings.section import Section
from agent_host.settings.unit import Duration
from agent_host.types.delivery_policy import DeliveryPolicy

_POLICY: Final = DeliveryPolicy()


class DeliverySettings(Section):
    """Answers and messages that go elsewhere than to a waiting caller."""

    destination_limit: int = Field(
        default=_POLICY.destination_limit,
        ge=1,
        description="Destinations that one answer may have; further ones are skipped.",
    )
    active_within: Duration = Field(
        default=_POLICY.active_within,
        description="How lately somebody must have spoken somewhere to be `active` there.",
    )
    attempts_limit: int = Field(
        default=_POLICY.attempts_limit,
        ge=1,
        description="Failed attempts after which a delivery is dead.",
    )
    first_delay: Duration = Field(
        default=_POLICY.first_delay,
        description="The longest wait before the second attempt; it doubles with each further one.",
    )
    last_delay: Duration = Field(
        default=_POLICY.last_delay, description="The longest wait before any attempt."
    )
    give_up_after: Duration = Field(
        default=_POLICY.give_up_after,
        description="How long after it was first due a delivery is not attempted any more.",
    )
    attempt_time_limit: Duration = Field(
        default=_POLICY.attempt_time_limit,
        description="How long a push may take; what was sent by then, nobody knows.",
    )
    overtake_after: Duration = Field(
        default=_POLICY.overtake_after,
        description=(
            "How long a message that is being retried holds up later ones of its conversation."
        ),
    )
    concurrency: int = Field(
        default=_POLICY.concurrency,
        ge=1,
        description="Attempts that go on at once; at a crash so many are in doubt at most.",
    )
    burst: int = Field(
        default=_POLICY.burst,
        ge=1,
        description="Deliveries of one person that are let go at once; others follow spaced.",
    )
    spacing: Duration = Field(
        default=_POLICY.spacing, description="The time between those that follow."
    )
    retention: Duration = Field(
        default=_POLICY.retention,
        description="How long a delivery that arrived, or was cancelled, can be looked up.",
    )

    def to_policy(self) -> DeliveryPolicy:
        """The same as the host takes it."""
        return DeliveryPolicy(**dict(self))


__all__ = ["DeliverySettings"]
