"""A conversation that one owner keeps, over any number of channels."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from agent_host.types.identifier import SessionId
from agent_host.types.message import Message
from agent_host.types.principal import Owner
from agent_host.types.quick_init import quick_init


class SessionMode(StrEnum):
    """Whether a request belongs to a conversation.

    `auto`: the named session, or a new one. `required`: the request must name one. `disabled`:
    no session and no history.
    """

    AUTO = "auto"
    REQUIRED = "required"
    DISABLED = "disabled"


class ConcurrencyPolicy(StrEnum):
    """What happens to a turn that arrives while the session has one.

    `queue` waits its turn, `reject` refuses it, `interrupt` cancels the first, `steer` hands it to
    the running target where that can take it (else queues), `concurrent` runs both with no
    guarantee about history.
    """

    QUEUE = "queue"
    REJECT = "reject"
    INTERRUPT = "interrupt"
    STEER = "steer"
    CONCURRENT = "concurrent"


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The stored record.

    `name` is what the owner or a channel calls it, None for one made without a name. After a
    `reset`, `superseded_by` names the session that carries on; this one keeps its history and takes
    no more turns.
    """

    id: SessionId
    owner: Owner
    created_at: datetime
    last_active_at: datetime
    name: str | None = None
    superseded_by: SessionId | None = None


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionHistory:
    """A session with its newest messages, oldest first. `earlier` counts those left out."""

    session: Session
    messages: tuple[Message, ...]
    earlier: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPolicy:
    """How sessions behave. `queue_limit` turns may wait per session; one more is refused."""

    concurrency: ConcurrencyPolicy = ConcurrencyPolicy.QUEUE
    queue_limit: int = 64
    history_limit_messages: int = 40
    history_limit_characters: int = 200_000
    time_to_live: timedelta = timedelta(days=30)


__all__ = ["ConcurrencyPolicy", "Session", "SessionHistory", "SessionMode", "SessionPolicy"]
