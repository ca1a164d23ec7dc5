"""Where strangers may ask an operator to be let in, as settings."""

from typing import Final

from pydantic import Field

from agent_host.settings.section import Section
from agent_host.settings.unit import Duration
from agent_host.types.pairing import PairingPolicy

_DEFAULT: Final = PairingPolicy(channels=())


class PairingSettings(Section):
    """Where strangers may ask an operator to be let in."""

    channels: list[str] = Field(
        default_factory=list,
        description=(
            "Chat channels that are locked: whom no list names is shown a code there, and let in "
            "by `agent-host pair approve CODE`."
        ),
    )
    time_to_live: Duration = Field(
        default=_DEFAULT.time_to_live, description="How long such a code holds."
    )
    pending_limit_per_channel: int = Field(
        default=_DEFAULT.pending_limit_per_channel,
        ge=1,
        description="How many may wait on one channel; codes of others lead nowhere.",
    )
    pending_limit: int = Field(
        default=_DEFAULT.pending_limit, ge=1, description="How many may wait on all together."
    )
    requests_per_minute: int = Field(
        default=_DEFAULT.requests_per_minute,
        ge=1,
        description="New requests that are taken on one channel.",
    )
    denial_time: Duration = Field(
        default=_DEFAULT.denial_time,
        description="How long somebody who was denied cannot ask again.",
    )

    def to_policy(self) -> PairingPolicy | None:
        """The same as the host takes it; None where no channel is locked."""
        if not self.channels:
            return None
        return PairingPolicy(
            channels=tuple(self.channels),
            time_to_live=self.time_to_live,
            pending_limit_per_channel=self.pending_limit_per_channel,
            pending_limit=self.pending_limit,
            requests_per_minute=self.requests_per_minute,
            denial_time=self.denial_time,
        )


__all__ = ["PairingSettings"]
