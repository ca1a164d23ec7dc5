"""Others change the same records at the same moment, stores fail, records are damaged."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from agent_host.delivery.governor import COLLECTION, TRIES, Governor
from agent_host.delivery.operator import HostDeliveryOperator
from agent_host.delivery.outbox import DUE, OutboxBell
from agent_host.delivery.pacing import Pacing
from agent_host.delivery.rate import NOW
from agent_host.delivery.record import CONTENT, DELIVERIES, WHOLE, DeliveryRecords
from agent_host.errors import (
    ConflictError,
    DeliveryStateError,
    PushError,
    PushErrorClass,
    StoreUnavailableError,
)
from agent_host.protocols.state_store import StateStore
from agent_host.stores.memory import MemoryStateStore
from agent_host.system import SystemClock
from agent_host.testing.store_double import SeverableStore
from agent_host.types import (
    Delete,
    DeliveryPolicy,
    DeliveryStatus,
    Destination,
    HostedResult,
    IsolationKey,
    JsonObject,
    Key,
    Lease,
    Owner,
    Push,
    PushRate,
    Put,
    Write,
)
from tests.delivery.hosting import CHAT, QUICK, stage

BUSY = PushError(PushErrorClass.TRANSIENT, "busy")
DEAD = PushError(PushErrorClass.PERMANENT, "blocked")
HOUR = timedelta(hours=1)


class ContestedStore(SeverableStore):
    """The next commits that write to a collection find that somebody was faster, or no store."""

    def __init__(self, store: StateStore) -> None:
        super().__init__(store)
        self.collection = ""
        self.errors: list[Exception] = []

    def fail(self, collection: str, *errors: Exception) -> None:
        self.collection, self.errors = collection, [*errors]

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        touched = {write[0].collection for write in writes}
        if self.errors and self.collection in touched:
            raise self.errors.pop(0)
        return await super().commit(writes, fence=fence)


async def test_a_delivery_that_somebody_changed_meanwhile_is_looked_at_again() -> None:
    async with MemoryStateStore() as behind:
        store = ContestedStore(behind)
        async with stage(store=store) as on:
            (delivery,) = await on.host.deliver("hi", to=CHAT, at=timedelta(milliseconds=20))
            store.fail(DELIVERIES, ConflictError("-"), ConflictError("-"))
            await on.over(delivery.id, DeliveryStatus.ACCEPTED)
            assert on.chat.texts == ["hi"]


async def test_a_store_that_fails_for_a_while_holds_deliveries_up_and_loses_none() -> None:
    async with MemoryStateStore() as behind:
        store = ContestedStore(behind)
        async with stage(store=store) as on:
            (delivery,) = await on.host.deliver("hi", to=CHAT, at=timedelta(milliseconds=20))
            store.fail(DUE, StoreUnavailableError("-"))
            await on.over(delivery.id, DeliveryStatus.ACCEPTED)
            (other,) = await on.host.deliver("there", to=CHAT, at=timedelta(milliseconds=20))
            store.fail(DELIVERIES, StoreUnavailableError("-"))
            await on.over(other.id, DeliveryStatus.ACCEPTED)
            assert on.chat.texts == ["hi", "there"]


async def test_an_operator_who_comes_second_is_told_so() -> None:
    clock = SystemClock()
    async with MemoryStateStore() as behind:
        store = ContestedStore(behind)
        async with stage(store=store) as on:
            on.chat.will_raise(DEAD)
            (dead,) = await on.deliveries(await on.ask())
            (later,) = await on.host.deliver("hi", to=CHAT, at=HOUR)
            operator = HostDeliveryOperator(
                store,
                DeliveryRecords(store, QUICK),
                pacing=Pacing(DeliveryPolicy(), clock),
                bell=OutboxBell(),
                clock=clock,
            )
            for work in (
                operator.replay(dead.id),
                operator.purge(dead.id),
                operator.cancel(later.id),
            ):
                store.fail(DELIVERIES, ConflictError("-"))
                with pytest.raises(DeliveryStateError):
                    await work
            store.fail(DELIVERIES, ConflictError("-"))
            assert await operator.replay_all() == 0


async def test_a_message_whose_key_was_taken_meanwhile_is_the_earlier_one() -> None:
    async with MemoryStateStore() as behind:
        store = ContestedStore(behind)
        async with stage(store=store) as on:
            store.fail("delivery_key", ConflictError("-"))
            with pytest.raises(ConflictError):
                await on.host.deliver("hi", to=CHAT, idempotency_key="k")


async def test_an_account_that_everybody_sends_by_is_asked_again_later() -> None:
    where = Destination(channel="chat")
    rate = PushRate(per_account=5, per_conversation=5, period=HOUR)
    owner = Owner(tenant="default", isolation_key=IsolationKey("x"))
    async with MemoryStateStore() as behind:
        store = ContestedStore(behind)
        governor = Governor(store, SystemClock())
        store.fail(COLLECTION, *(ConflictError("-") for _ in range(TRIES)))
        assert NOW < (await governor.take(where, owner, rate, turn=None)).wait < HOUR
        store.fail(COLLECTION, ConflictError("-"))
        assert (await governor.take(where, owner, rate, turn=None)).wait == NOW


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (Put(Key(CONTENT, WHOLE, "{id}"), b"{"), "unreadable_record"),
        (Delete(Key(CONTENT, WHOLE, "{id}")), "no_result"),
    ],
)
async def test_content_that_is_gone_or_damaged_makes_a_dead_letter(
    change: Put | Delete, code: str
) -> None:
    async with MemoryStateStore() as store, stage(store=SeverableStore(store)) as on:

        async def harm(push: Push) -> None:
            await store.commit([change._replace(key=Key(CONTENT, WHOLE, push.delivery_id))])
            raise BUSY

        on.chat.acts.append(harm)
        (delivery,) = await on.host.deliver("hi", to=CHAT)
        dead = await on.over(delivery.id, DeliveryStatus.DEAD)
        assert dead.attempts[-1].error_code == code


async def test_a_codec_that_fails_makes_a_dead_letter() -> None:
    def broken(*_: object) -> Any:
        raise ValueError

    def empty(_: HostedResult) -> JsonObject:
        return {}

    for name, codec, code in (
        ("encode", broken, "codec"),
        ("decode", broken, "codec"),
        ("encode", empty, "unreadable_record"),
    ):
        async with stage() as on:
            setattr(on.chat.codec, name, codec)
            (dead,) = await on.deliveries(await on.ask())
            assert dead.status is DeliveryStatus.DEAD
            assert dead.attempts[0].error_code == code


async def test_a_record_that_cannot_be_read_ends_its_task_and_no_other() -> None:
    async with MemoryStateStore() as store, stage(store=SeverableStore(store)) as on:

        async def harm(push: Push) -> None:
            await store.commit([Put(Key(DELIVERIES, WHOLE, push.delivery_id), b"{")])
            raise BUSY

        on.chat.acts.append(harm)
        await on.host.deliver("hi", to=CHAT)
        clock = SystemClock()
        while not (await store.scan("task_graves", "all")):
            await clock.sleep(0.005)
        (other,) = await on.host.deliver("hi", to=CHAT)
        await on.over(other.id, DeliveryStatus.ACCEPTED)


async def test_one_that_is_called_off_while_it_waits_in_its_lane_is_not_sent() -> None:
    may_end = asyncio.Event()

    async def hold(_: Push) -> None:
        await may_end.wait()

    async with stage() as on:
        on.chat.acts.append(hold)
        await on.host.deliver("one", to=CHAT)
        (second,) = await on.host.deliver("two", to=CHAT)
        await on.chat.until(lambda: bool(on.chat.called))
        await on.host.deliveries.cancel(second.id)
        may_end.set()
        (third,) = await on.host.deliver("three", to=CHAT)
        await on.over(third.id, DeliveryStatus.ACCEPTED)
        assert on.chat.texts == ["one", "three"]
        assert (await on.host.deliveries.show(second.id)).status is DeliveryStatus.CANCELLED
