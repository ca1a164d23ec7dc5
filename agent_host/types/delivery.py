"""One message on its way to one destination, and what became of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from agent_host.errors import PushErrorClass
from agent_host.types.identifier import DeliveryId, RunId
from agent_host.types.principal import ChannelIdentity, Conversation, Owner
from agent_host.types.quick_init import quick_init
from agent_host.types.run import HostedResult, RunStatus


class DeliveryStatus(StrEnum):
    """`accepted` says that the platform took it, not that anybody has seen it. `unknown`: it was
    sent and no answer came. `failed` waits for another attempt; `dead` and `cancelled` do not.
    """

    SCHEDULED = "scheduled"
    ATTEMPTING = "attempting"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    FAILED = "failed"
    DEAD = "dead"
    CANCELLED = "cancelled"


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A person on a channel, or a conversation there."""

    channel: str
    account: str = "default"
    identity: ChannelIdentity | None = None
    conversation: Conversation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRate:
    """What a platform's documentation allows: so many pushes in so much time, for one account and
    for one conversation of it.
    """

    per_account: int
    per_conversation: int
    period: timedelta


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class PushReceipt:
    """The platform took it, under this id where it says one."""

    platform_id: str | None = None


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """What a channel is given to send. `delivery_id` stays the same over all attempts and replays:
    it is the idempotency key where the platform takes one. `is_echo` says that the messages are the
    person's own, shown where they did not write them; its id is another than that of the reply.
    """

    delivery_id: DeliveryId
    owner: Owner
    destination: Destination
    result: HostedResult
    is_echo: bool = False


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryAttempt:
    """One row for each attempt, without content. `error_code` is bounded text, never a message;
    both are None where the platform took it. `is_echo` says which of the two pushes it was.
    """

    number: int
    begun_at: datetime
    is_echo: bool = False
    ended_at: datetime | None = None
    platform_id: str | None = None
    error_class: PushErrorClass | None = None
    error_code: str | None = None
    retry_after: timedelta | None = None


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The record of one delivery, without what it carries. `due_at` is when it is to be attempted
    (again); `attempts` are the newest, `replays` counts how often an operator had it begin anew.
    """

    id: DeliveryId
    owner: Owner
    run_id: RunId | None
    destination: Destination
    status: DeliveryStatus
    created_at: datetime
    due_at: datetime
    attempts: tuple[DeliveryAttempt, ...] = ()
    replays: int = 0
    over_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentDelivery:
    """A delivery to an endpoint that somebody has registered, and where the run stood that it
    tells of.
    """

    delivery: Delivery
    about: RunStatus


class SkipReason(StrEnum):
    """Why a destination was left out. `not_linked` is also said of what nobody has."""

    CANNOT_PUSH = "cannot_push"
    LIMIT = "limit"
    LINK_POLICY = "link_policy"
    NOT_ACTIVE = "not_active"
    NOT_LINKED = "not_linked"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedDestination:
    """Left out; `channel` is None where none came into question."""

    reason: SkipReason
    channel: str | None = None
    account: str | None = None


__all__ = [
    "Delivery",
    "DeliveryAttempt",
    "DeliveryStatus",
    "Destination",
    "Push",
    "PushRate",
    "PushReceipt",
    "SentDelivery",
    "SkipReason",
    "SkippedDestination",
]
