"""Messages that nobody asked for just now: accepted durably, then sent like any answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from agent_host.codec import VersionedCodec
from agent_host.delivery.address import AddressBook, Addressee
from agent_host.delivery.content import ContentError, Contents
from agent_host.delivery.place import delivery_id_of, digest_of, message_run_id_of
from agent_host.delivery.planner import AnswerPlanner
from agent_host.delivery.record import WHOLE, DeliveryRecords
from agent_host.errors import (
    ConflictError,
    IdempotencyConflictError,
    RequestError,
)
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.state_store import StateStore
from agent_host.types.delivery import Delivery, Destination
from agent_host.types.delivery_policy import DeliveryPolicy
from agent_host.types.identifier import (
    DELIVERY_PREFIX,
    DeliveryId,
)
from agent_host.types.message import Message
from agent_host.types.principal import ChannelIdentity
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


class MessageDeliverer:
    """The `Deliverer` of one host."""

    def __init__(
        self,
        store: StateStore,
        records: DeliveryRecords,
        *,
        planner: AnswerPlanner,
        contents: Contents,
        addresses: AddressBook,
        policy: DeliveryPolicy,
        clock: Clock,
        ids: IdFactory,
    ) -> None:
        self._store = store
        self._records = records
        self._planner = planner
        self._contents = contents
        self._addresses = addresses
        self._retention = policy.retention
        self._clock = clock
        self._ids = ids

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
        addressed = await self._addresses.find(to, target or _ACTIVE)
        origin = self._ids.new(DELIVERY_PREFIX)
        ids = [delivery_id_of(origin, place) for place in addressed.destinations]
        planned = self._planner.scheduled(
            addressed.owner,
            addressed.destinations,
            ids=ids,
            at=at,
            is_linked=addressed.is_linked,
        )
        writes: list[Write] = []
        for stored in planned:
            hosted = self._hosted(message, stored.delivery)
            try:
                content = await self._contents.encode(hosted, stored.delivery.destination)
            except ContentError as error:
                code = error.failure.error_code
                raise RequestError(f"The message cannot be sent there: {code}.") from error
            writes += self._planner.put(stored)
            writes.append(self._records.put_content(stored.delivery.id, content))
        if key is not None:
            claim = SentBefore(fingerprint=print_, delivery_ids=tuple(ids))
            writes.append(Put(key, _CODEC.encode_own(claim), ABSENT, self._retention))
        await self._store.commit(writes)
        self._planner.announce()
        return tuple(stored.delivery for stored in planned)

    def _hosted(self, message: Message, delivery: Delivery) -> HostedResult:
        now = self._clock.now()
        run = Run(
            id=message_run_id_of(delivery.id),
            owner=delivery.owner,
            status=RunStatus.COMPLETED,
            created_at=now,
            updated_at=now,
            finished_at=now,
            channel=delivery.destination.channel,
            operation="deliver",
        )
        return HostedResult(run=run, result=RunResult(messages=(message,)))

    async def _before(self, key: Key, print_: str) -> tuple[Delivery, ...] | None:
        record = await self._store.get(key)
        if record is None:
            return None
        sent = _CODEC.decode(record.value)
        if sent.fingerprint != print_:
            raise IdempotencyConflictError("This idempotency key was used for another message.")
        found = [await self._records.find(delivery_id) for delivery_id in sent.delivery_ids]
        return tuple(one.stored.delivery for one in found if one is not None)


def _fingerprint(
    message: Message,
    to: Addressee,
    target: ResponseTarget | None,
    at: datetime | timedelta | None,
) -> str:
    """Of all that was asked for. The values are frozen, and their `repr` says all of them."""
    encoded = _FINGERPRINT.encode(message).decode()
    return digest_of("fingerprint", encoded, repr(to), repr(target), repr(at))


__all__ = ["MessageDeliverer", "SentBefore"]
