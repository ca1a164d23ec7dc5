"""Messages that nobody asked for just now: accepted durably, then sent like any answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

from agent_host.codec import VersionedCodec
from agent_host.delivery.address import AddressBook, Addressee
from agent_host.delivery.content import ContentError, Contents
from agent_host.delivery.order import lane_task
from agent_host.delivery.outbox import due_delivery, put_due
from agent_host.delivery.place import delivery_id_of, digest_of, message_run_id_of
from agent_host.delivery.planner import AnswerPlanner
from agent_host.delivery.record import WHOLE, DeliveryRecords, StoredContent, StoredDelivery
from agent_host.delivery.sender import DeliverySender
from agent_host.errors import (
    ConflictError,
    DrainingError,
    IdempotencyConflictError,
    RequestError,
)
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskRunner
from agent_host.types.delivery import Delivery, Destination
from agent_host.types.delivery_policy import DeliveryPolicy
from agent_host.types.identifier import (
    DELIVERY_PREFIX,
    DeliveryId,
)
from agent_host.types.message import Message
from agent_host.types.principal import ChannelIdentity
from agent_host.types.quick_init import maker
from agent_host.types.response_target import ResponseTarget
from agent_host.types.result import RunResult
from agent_host.types.run import HostedResult, Run, RunStatus
from agent_host.types.store import ABSENT, Key, Put, Write

KEYS: Final = "delivery_key"
_ACTIVE: Final = ResponseTarget(kind="active")
_KEY_LIMIT: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class SentBefore:
    """What an idempotency key led to, and of what."""

    fingerprint: str
    delivery_ids: tuple[DeliveryId, ...]


_CODEC: Final = VersionedCodec("delivery_key", 1, SentBefore)
_FINGERPRINT: Final = VersionedCodec("delivery_fingerprint", 1, Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageParts:
    """What messages are accepted with. Built once per host."""

    store: StateStore
    runner: TaskRunner
    records: DeliveryRecords
    planner: AnswerPlanner
    contents: Contents
    sender: DeliverySender
    addresses: AddressBook
    policy: DeliveryPolicy
    clock: Clock
    ids: IdFactory


class _Message(NamedTuple):
    stored: StoredDelivery
    content: StoredContent
    hosted: HostedResult


class MessageDeliverer:
    """The `Deliverer` of one host."""

    def __init__(self, parts: MessageParts) -> None:
        self._parts = parts

    async def deliver(
        self,
        message: Message | str,
        *,
        to: Addressee,
        target: ResponseTarget | None = None,
        at: datetime | timedelta | None = None,
        idempotency_key: str | None = None,
    ) -> tuple[Delivery, ...]:
        """Accept a message."""
        said = Message.assistant(message) if isinstance(message, str) else message
        if isinstance(at, datetime) and at.tzinfo is None:
            raise RequestError("at needs a time zone.")
        if target is not None and isinstance(to, ChannelIdentity | Destination):
            raise RequestError("A target is for a person; this names where to deliver already.")
        if idempotency_key is None:
            return await self._accept(said, to=to, target=target, at=at)
        if not 0 < len(idempotency_key) <= _KEY_LIMIT:
            raise RequestError(f"An idempotency key has 1 to {_KEY_LIMIT} characters.")
        key = Key(KEYS, WHOLE, digest_of("key", idempotency_key))
        print_ = _fingerprint(said, to, target, at)
        before = await self._before(key, print_)
        if before is not None:
            return before
        try:
            return await self._accept(said, to=to, target=target, at=at, key=key, print_=print_)
        except ConflictError:
            before = await self._before(key, print_)
            if before is None:
                raise
            return before

    async def _accept(
        self,
        message: Message,
        *,
        to: Addressee,
        target: ResponseTarget | None,
        at: datetime | timedelta | None,
        key: Key | None = None,
        print_: str = "",
    ) -> tuple[Delivery, ...]:
        addressed = await self._parts.addresses.find(to, target or _ACTIVE)
        origin = self._parts.ids.new(DELIVERY_PREFIX)
        ids = [delivery_id_of(origin, place) for place in addressed.destinations]
        planned = self._parts.planner.scheduled(
            addressed.owner,
            addressed.destinations,
            ids=ids,
            at=at,
            linked=addressed.linked,
        )
        messages = [await self._message(message, stored) for stored in planned]
        claims: list[Write] = []
        if key is not None:
            claim = SentBefore(fingerprint=print_, delivery_ids=tuple(ids))
            claims.append(Put(key, _CODEC.encode_own(claim), ABSENT, self._parts.policy.retention))
        await self._schedule(messages, claims)
        return tuple(stored.delivery for stored in planned)

    async def _message(self, message: Message, stored: StoredDelivery) -> "_Message":
        hosted = _hosted(message, stored.delivery)
        try:
            content = await self._parts.contents.encode(hosted, stored.delivery.destination)
        except ContentError as error:
            code = error.failure.error_code
            raise RequestError(f"The message cannot be sent there: {code}.") from error
        return _Message(stored, content, hosted)

    async def _schedule(self, messages: Sequence["_Message"], claims: Sequence[Write]) -> None:
        """Store them, and have each attempted. One that is due, with nothing before it on its way
        to the runner, takes a short one: begun in the same commit, if it need not wait.
        """
        parts, first = self._parts, messages[0]
        is_alone = len(messages) == 1 and parts.planner.has_handed_on
        if is_alone and first.stored.delivery.due_at <= first.stored.delivery.created_at:
            task = lane_task(due_delivery(first.stored))
            begin = partial(parts.sender.begin, *first, claims)
            try:
                if not await parts.runner.begin(task, begin):
                    await parts.runner.schedule(task, alongside=self._writes(messages, claims))
            except DrainingError:
                pass  # the next process goes on
            else:
                return
        writes = self._writes(messages, claims)
        await parts.store.commit([*writes, *(put_due(one.stored) for one in messages)])
        parts.planner.announce()

    def _writes(self, messages: Sequence["_Message"], claims: Sequence[Write]) -> list[Write]:
        records = self._parts.records
        writes = [*claims]
        for stored, content, _ in messages:
            writes += records.put(stored, expect=ABSENT)
            writes.append(records.put_content(stored.delivery.id, content))
        return writes

    async def _before(self, key: Key, print_: str) -> tuple[Delivery, ...] | None:
        record = await self._parts.store.get(key)
        if record is None:
            return None
        sent = _CODEC.decode(record.value)
        if sent.fingerprint != print_:
            raise IdempotencyConflictError("This idempotency key was used for another message.")
        found = [await self._parts.records.find(delivery_id) for delivery_id in sent.delivery_ids]
        return tuple(one.stored.delivery for one in found if one is not None)


def _hosted(message: Message, delivery: Delivery) -> HostedResult:
    now = delivery.created_at
    run = _make_run(
        id=message_run_id_of(delivery.id),
        owner=delivery.owner,
        status=RunStatus.COMPLETED,
        created_at=now,
        updated_at=now,
        finished_at=now,
        channel=delivery.destination.channel,
        operation="deliver",
    )
    return _make_hosted(run=run, result=_make_result(messages=(message,)))


def _fingerprint(
    message: Message,
    to: Addressee,
    target: ResponseTarget | None,
    at: datetime | timedelta | None,
) -> str:
    """Of all that was asked for. The values are frozen, and their `repr` says all of them."""
    encoded = _FINGERPRINT.encode(message).decode()
    return digest_of("fingerprint", encoded, repr(to), repr(target), repr(at))


_make_run = maker(Run)
_make_hosted = maker(HostedResult)
_make_result = maker(RunResult)

__all__ = ["MessageDeliverer", "MessageParts", "SentBefore"]
