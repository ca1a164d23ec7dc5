"""Where somebody wants to hear of their runs: a URL, its secrets, and which runs. Values only.

They are kept in one record for each owner, as JSON of the version that stands in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from agent_host.errors import UnreadableRecordError
from agent_host.protocols.delivery import RunStation
from agent_host.types import JsonObject
from agent_host_webhook.event_type import EVENT_TYPES, EventType, event_of

VERSION: Final = 1
OLD_SECRET_LIVES: Final = timedelta(hours=24)

DisabledReason: TypeAlias = Literal["gone", "owner"]
"""Its receiver answered 410, or its owner switched it off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """`run_id` narrows it to one run, with which it goes. `old_secret` signs too, until
    `old_secret_ends_at`. Since `disabled_at` it is not sent to.
    """

    id: str
    url: str
    secret: str
    created_at: datetime
    events: tuple[EventType, ...] = EVENT_TYPES
    run_id: str | None = None
    old_secret: str | None = None
    old_secret_ends_at: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: DisabledReason | None = None

    def wants(self, station: RunStation) -> bool:
        """Whether it is to hear of this."""
        return (
            self.disabled_at is None
            and event_of(station.status) in self.events
            and self.run_id in (None, station.run_id)
        )

    def disabled(self, reason: DisabledReason, now: datetime) -> "Subscription":
        """Switched off, if it was not yet."""
        if self.disabled_at is not None:
            return self
        return replace(self, disabled_at=now, disabled_reason=reason)

    def enabled(self) -> "Subscription":
        """Switched on."""
        return replace(self, disabled_at=None, disabled_reason=None)

    def live_secrets(self, now: datetime) -> Sequence[str]:
        """The newest first."""
        if self.old_secret is None or self.old_secret_ends_at is None:
            return (self.secret,)
        if now >= self.old_secret_ends_at:
            return (self.secret,)
        return (self.secret, self.old_secret)

    def rotated(self, secret: str, now: datetime) -> "Subscription":
        """With a new secret; the one before signs a while longer."""
        return replace(
            self,
            secret=secret,
            old_secret=self.secret,
            old_secret_ends_at=now + OLD_SECRET_LIVES,
        )


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSubscriptions:
    """All of one owner."""

    subscriptions: tuple[Subscription, ...]
    version: Literal[1] = VERSION


_KEPT: Final = TypeAdapter(KeptSubscriptions)
NOTHING: Final = KeptSubscriptions(subscriptions=())


def to_value(kept: KeptSubscriptions) -> JsonObject:
    """As it is stored."""
    value: JsonObject = _KEPT.dump_python(kept, mode="json")
    return value


def from_value(value: JsonObject) -> KeptSubscriptions:
    """What was stored.

    Raises:
        UnreadableRecordError: of another version, or none of ours.
    """
    try:
        return _KEPT.validate_python(value)
    except ValidationError as error:
        message = "These subscriptions are damaged, or of another release."
        raise UnreadableRecordError(message) from error


__all__ = [
    "NOTHING",
    "DisabledReason",
    "KeptSubscriptions",
    "Subscription",
    "from_value",
    "to_value",
]
