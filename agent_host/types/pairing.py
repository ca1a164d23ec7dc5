"""People who ask to be let in, and what an operator said."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from agent_host.types.principal import ChannelIdentity

PAIRING_PREFIX: Final = "par_"


class PairingVerdict(StrEnum):
    """What an operator said. Whoever is denied is shown codes as before, which lead nowhere."""

    APPROVED = "approved"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingPolicy:
    """`channels` are locked: nobody comes in there whom no allowlist names and no operator let in.

    A code holds for `time_to_live`. So many may wait on one channel, and on all together; when
    they are, further codes lead nowhere. `requests_per_minute` is for each channel. A denial holds
    for `denial_time`.
    """

    channels: tuple[str, ...]
    time_to_live: timedelta = timedelta(hours=1)
    pending_limit_per_channel: int = 100
    pending_limit: int = 500
    requests_per_minute: int = 30
    denial_time: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingRequest:
    """Somebody waits. `id` is the same for one identity each time."""

    id: str
    identity: ChannelIdentity
    requested_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Somebody was let in, or kept out, by the operator `decided_by`."""

    id: str
    identity: ChannelIdentity
    verdict: PairingVerdict
    decided_at: datetime
    decided_by: str


__all__ = [
    "PAIRING_PREFIX",
    "Pairing",
    "PairingPolicy",
    "PairingRequest",
    "PairingVerdict",
]
