"""Where somebody wants to hear of their runs: a URL, its secrets, and which runs. Values only.

They are kept in one record for each owner, as JSON of the version that stands in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from agent_host.errors import UnreadableRecordError
from agent_host.protocols.delivery import AnsweredRun
from agent_host.types import JsonObject
from agent_host_webhook.event_type import EVENT_TYPES, EventType, event_of

VERSION: Final = 1
OLD_SECRET_LIVES: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """`run_id` narrows it to one run. `old_secret` signs too, until `old_secret_ends_at`.
    `disabled_at` is when its receiver said that it is gone, or somebody switched it off.
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

    def wants(self, run: AnsweredRun) -> bool:
        """Whether it is to hear of this run."""
        return (
            self.disabled_at is None
            and event_of(run) in self.events
            and self.run_id in (None, run.run_id)
        )

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
    """All of one owner. The record lives on from `refreshed_at`, when it was last written."""

    subscriptions: tuple[Subscription, ...]
    refreshed_at: datetime
    version: Literal[1] = VERSION


_KEPT: Final = TypeAdapter(KeptSubscriptions)
NOTHING: Final = KeptSubscriptions(subscriptions=(), refreshed_at=datetime.fromtimestamp(0, UTC))


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
    "KeptSubscriptions",
    "Subscription",
    "from_value",
    "to_value",
]
