"""How a delivery is stored: its record, whose content it has, and where it is listed.

Owns the collections below and their writes; commits nothing. The record has no content, so that
whoever lists and shows deliveries never touches any.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias

from agent_host.codec import VersionedCodec
from agent_host.delivery.recent import Recent
from agent_host.protocols.state_store import StateStore
from agent_host.types.delivery import Delivery, DeliveryAttempt, DeliveryStatus
from agent_host.types.delivery_policy import DeliveryPolicy
from agent_host.types.identifier import DeliveryId
from agent_host.types.identity import LinkSide
from agent_host.types.json import JsonObject
from agent_host.types.message import Message
from agent_host.types.quick_init import maker, quick_init
from agent_host.types.run import Run
from agent_host.types.store import ABSENT, Delete, Key, Put, Record, Write

DELIVERIES: Final = "delivery"
"""Every delivery, by id. Those that are over and need nobody have a time to live."""

OF_RUN: Final = "delivery_of_run"
"""The same, one partition for each run."""

CONTENT: Final = "delivery_content"
"""What they carry, by id, until they are over."""

LETTERS: Final = "delivery_letter"
"""Those that wait for an operator: dead, or nobody knows."""

WHOLE: Final = "all"
"""The partition of collections that are not divided."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

Turn: TypeAlias = Literal["person", "account"]
"""What a delivery has waited for already: its person's share of the account, or the account."""

LETTER_STATUSES: Final = frozenset({DeliveryStatus.DEAD, DeliveryStatus.UNKNOWN})


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDelivery:
    """A delivery and how it goes on.

    `source` is where the message comes from, for the link policy. `is_linked`: the destination was
    the owner's when it was planned, and must still be. `has_echo` says that the echo is still to be
    sent. `failures` counts the failed attempts of this push, the first at `failing_since`; `since`
    is when it was first due. `is_loose`: it left its lane. `turn`: the governor gave it the moment
    `turn_at` for itself. `content` is here only while the attempt is under way that was begun as
    the delivery was accepted: most have no other.
    """

    delivery: Delivery
    since: datetime
    source: LinkSide | None = None
    is_linked: bool = False
    has_echo: bool = False
    failures: int = 0
    failing_since: datetime | None = None
    is_loose: bool = False
    turn: Turn | None = None
    turn_at: datetime | None = None
    trace_context: dict[str, str] = field(default_factory=dict[str, str])
    content: "StoredContent | None" = None

    @property
    def status(self) -> DeliveryStatus:
        """Where the delivery stands."""
        return self.delivery.status


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class StoredContent:
    """What is sent, as the channel's codec of `version` wrote it, once it has. Until then only what
    the person said is here, or the run as it stood when it was not over; an answer is with its run.
    """

    version: int | None = None
    reply: JsonObject | None = None
    echo: JsonObject | None = None
    said: tuple[Message, ...] = ()
    run: Run | None = None


class FoundDelivery(NamedTuple):
    """A delivery with the version its record has."""

    stored: StoredDelivery
    version: int


_CODEC: Final = VersionedCodec("delivery", 1, StoredDelivery)
_CONTENT: Final = VersionedCodec("delivery_content", 1, StoredContent)


class DeliveryRecords:
    """Reads and builds the records of one store."""

    def __init__(self, store: StateStore, policy: DeliveryPolicy) -> None:
        self._store = store
        self._retention = policy.retention
        self._recent: Recent[StoredDelivery] = Recent()
        self._recent_content: Recent[StoredContent] = Recent()

    def put(self, stored: StoredDelivery, *, expect: int) -> list[Write]:
        """The writes for this state of the delivery, which must be at version `expect` now."""
        delivery = stored.delivery
        is_forgotten = delivery.status in (DeliveryStatus.ACCEPTED, DeliveryStatus.CANCELLED)
        time_to_live = self._retention if is_forgotten else None
        key = Key(DELIVERIES, WHOLE, delivery.id)
        content = stored.content
        is_carried = content is not None and delivery.status is DeliveryStatus.ATTEMPTING
        kept = stored if content is None or is_carried else _with(stored, delivery, None)
        value = _CODEC.encode_own(kept)
        writes: list[Write] = [Put(key, value, expect, time_to_live)]
        if content is None and is_forgotten:
            writes.append(Delete(Key(CONTENT, WHOLE, delivery.id)))
            self.forget_recent(delivery.id)
        elif content is None:
            self._recent.remember(delivery.id, value, stored)
        elif not is_carried and not is_forgotten:
            writes.append(self.put_content(delivery.id, content))
        if delivery.run_id is not None and (is_forgotten or expect == ABSENT):
            listed = Key(OF_RUN, delivery.run_id, delivery.id)
            writes.append(Put(listed, b"", None, time_to_live))
        if delivery.status in LETTER_STATUSES:
            writes.append(Put(letter_key(delivery), delivery.id.encode()))
        return writes

    def put_content(self, delivery_id: DeliveryId, content: StoredContent) -> Put:
        """The write that keeps what a delivery carries.

        Raises:
            ValueError: it holds what JSON cannot say.
        """
        value = _CONTENT.encode(content)
        self._recent_content.remember(delivery_id, value, content)
        return Put(Key(CONTENT, WHOLE, delivery_id), value)

    def forget_recent(self, delivery_id: str) -> None:
        """Keep nothing of a delivery in this process's memory; it is read anew if it is there."""
        self._recent.forget(delivery_id)
        self._recent_content.forget(delivery_id)

    @staticmethod
    def leave_letters(delivery: Delivery) -> Delete:
        """The write that lists it no more as one that waits for an operator."""
        return Delete(letter_key(delivery))

    @classmethod
    def forget(cls, found: FoundDelivery) -> list[Write]:
        """The writes that leave nothing of a delivery."""
        delivery = found.stored.delivery
        writes: list[Write] = [
            Delete(Key(DELIVERIES, WHOLE, delivery.id), found.version),
            Delete(Key(CONTENT, WHOLE, delivery.id)),
            cls.leave_letters(delivery),
        ]
        if delivery.run_id is not None:
            writes.append(Delete(Key(OF_RUN, delivery.run_id, delivery.id)))
        return writes

    async def find(self, delivery_id: str) -> FoundDelivery | None:
        """The delivery.

        Raises:
            UnreadableRecordError: the record is damaged or of another version.
        """
        record = await self._store.get(Key(DELIVERIES, WHOLE, delivery_id))
        if record is None:
            self.forget_recent(delivery_id)
            return None
        recent = self._recent.find(delivery_id, record.value)
        return read_delivery(record) if recent is None else FoundDelivery(recent, record.version)

    async def content(self, delivery_id: DeliveryId) -> StoredContent | None:
        """What it carries, if that was stored.

        Raises:
            UnreadableRecordError: the record is damaged or of another version.
        """
        record = await self._store.get(Key(CONTENT, WHOLE, delivery_id))
        if record is None:
            return None
        recent = self._recent_content.find(delivery_id, record.value)
        return _CONTENT.decode(record.value) if recent is None else recent

    async def page(self, *, after: str | None, limit: int) -> Sequence[Record]:
        """Records of deliveries, newest first."""
        return await self._store.scan(
            DELIVERIES, WHOLE, after=after, limit=limit, newest_first=True
        )

    async def ids_of_run(self, run_id: str, *, after: str | None, limit: int) -> list[DeliveryId]:
        """The deliveries of a run."""
        found = await self._store.scan(OF_RUN, run_id, after=after, limit=limit)
        return [DeliveryId(record.key.id) for record in found]

    async def letters(self, *, after: str | None, limit: int) -> Sequence[Record]:
        """Entries of those that wait for an operator, those first that were first."""
        return await self._store.scan(LETTERS, WHOLE, after=after, limit=limit)


def read_delivery(record: Record) -> FoundDelivery:
    """The delivery of a record.

    Raises:
        UnreadableRecordError: the record is damaged or of another version.
    """
    return FoundDelivery(_CODEC.decode(record.value), record.version)


def moved(
    stored: StoredDelivery,
    status: DeliveryStatus,
    *,
    due_at: datetime | None = None,
    over_at: datetime | None = None,
    attempts: tuple[DeliveryAttempt, ...] | None = None,
    content: StoredContent | None = None,
) -> StoredDelivery:
    """The delivery in another state; `dataclasses.replace` takes five times as long."""
    delivery = stored.delivery
    after = _make_delivery(
        id=delivery.id,
        owner=delivery.owner,
        run_id=delivery.run_id,
        destination=delivery.destination,
        status=status,
        created_at=delivery.created_at,
        due_at=delivery.due_at if due_at is None else due_at,
        attempts=delivery.attempts if attempts is None else attempts,
        replays=delivery.replays,
        over_at=over_at,
    )
    return _with(stored, after, content or stored.content)


def _with(
    stored: StoredDelivery, delivery: Delivery, content: StoredContent | None
) -> StoredDelivery:
    return _make_stored(
        delivery=delivery,
        since=stored.since,
        source=stored.source,
        is_linked=stored.is_linked,
        has_echo=stored.has_echo,
        failures=stored.failures,
        failing_since=stored.failing_since,
        is_loose=stored.is_loose,
        turn=stored.turn,
        turn_at=stored.turn_at,
        trace_context=stored.trace_context,
        content=content,
    )


def moment(at: datetime) -> str:
    """A time as a step of a key: in order of text it is in order of time."""
    return f"{(at - _EPOCH) // _MICROSECOND:016x}"


def letter_key(delivery: Delivery) -> Key:
    """Where a delivery is listed that waits for an operator."""
    return Key(LETTERS, WHOLE, f"{moment(delivery.over_at or delivery.created_at)}{delivery.id}")


_make_delivery = maker(Delivery)
_make_stored = maker(StoredDelivery)

__all__ = [
    "CONTENT",
    "DELIVERIES",
    "LETTERS",
    "LETTER_STATUSES",
    "OF_RUN",
    "WHOLE",
    "DeliveryRecords",
    "FoundDelivery",
    "StoredContent",
    "StoredDelivery",
    "Turn",
    "letter_key",
    "moment",
    "moved",
    "read_delivery",
]
