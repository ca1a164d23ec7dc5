"""What one process leaves and the next finds: channels that are gone, entries nobody can read."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from agent_host import AgentHost
from agent_host.delivery.dispatcher import Dispatcher
from agent_host.delivery.option import DeliveryOptions
from agent_host.delivery.order import KIND, ORDER_CODEC, DeliveryOrder
from agent_host.delivery.outbox import DUE, OutboxBell
from agent_host.delivery.push_channel import push_channels
from agent_host.delivery.record import DELIVERIES, WHOLE
from agent_host.errors import ConfigurationError, PushError, PushErrorClass
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.stores.memory import MemoryStateStore
from agent_host.system import SystemClock
from agent_host.testing.push_channel import PlatformDouble, PushChannelDouble
from agent_host.testing.store_double import SeverableStore
from agent_host.types import (
    Delete,
    DeliveryStatus,
    Key,
    Push,
    PushRate,
    Put,
    RetryPolicy,
    Task,
    TaskSpec,
)
from tests.delivery.hosting import ALL, CHAT, QUICK, shout, stage

HOUR = timedelta(hours=1)


class TomorrowClock(SystemClock):
    """The machine's, a day on: what was left for later is due."""

    def now(self) -> datetime:
        return super().now() + timedelta(days=1)


async def test_what_is_for_a_channel_that_is_gone_becomes_a_dead_letter() -> None:
    async with MemoryStateStore() as behind:
        async with stage(store=SeverableStore(behind)) as on:
            (delivery,) = await on.host.deliver("hi", to=CHAT, at=HOUR)
        host = AgentHost(
            shout,
            store=SeverableStore(behind),
            channels=[PushChannelDouble("mail", PlatformDouble())],
            delivery=DeliveryOptions(policy=QUICK),
            clock=TomorrowClock(),
        )
        async with host:
            clock = SystemClock()
            while True:
                dead = await host.deliveries.show(delivery.id)
                if dead.status is DeliveryStatus.DEAD:
                    break
                await clock.sleep(0.005)
            assert dead.attempts[0].error_code == "no_channel"


async def test_what_was_scheduled_is_sent_by_the_next_process() -> None:
    async with MemoryStateStore() as behind:
        async with stage(store=SeverableStore(behind)) as on:
            (delivery,) = await on.host.deliver("hi", to=CHAT, at=HOUR)
        async with stage(store=SeverableStore(behind), clock=TomorrowClock()) as on:
            await on.over(delivery.id, DeliveryStatus.ACCEPTED)
            assert on.chat.texts == ["hi"]


async def test_an_entry_is_handed_on_once_and_one_that_is_damaged_stays() -> None:
    clock = SystemClock()
    async with MemoryStateStore() as store, StoreTaskRunner(store) as runner:

        async def nothing(_: Task) -> None:
            return

        runner.register(KIND, nothing, concurrency=1, retry=RetryPolicy())
        dispatcher = Dispatcher(store, runner, bell=OutboxBell(), clock=clock)
        async with stage(store=SeverableStore(store)) as on:
            await on.host.deliver("hi", to=CHAT, at=HOUR)
        (entry,) = await store.scan(DUE, WHOLE)
        early = entry._replace(key=entry.key._replace(id="0" * 16 + entry.key.id[16:]))
        damaged = Key(DUE, WHOLE, "0" * 16 + "damaged")
        await store.commit([Put(Key(DUE, WHOLE, "damaged too"), b"{"), Delete(entry.key)])
        await store.commit([Put(early.key, early.value), Put(damaged, b"{")])
        await asyncio.gather(*(dispatcher.hand_on() for _ in range(3)))
        left = [record.key for record in await store.scan(DUE, WHOLE)]
        assert left == [damaged, Key(DUE, WHOLE, "damaged too")]
        assert len(await store.scan("tasks", "all")) == 1


async def test_a_record_that_cannot_be_read_is_left_and_the_others_are_sent() -> None:
    async with MemoryStateStore() as store, stage(store=SeverableStore(store)) as on:
        on.mail.always = refuse
        deliveries = await on.deliveries(await on.ask("hi", ALL))
        (dead,) = [one for one in deliveries if one.status is DeliveryStatus.DEAD]
        key = Key(DELIVERIES, WHOLE, dead.id)
        await store.commit([Put(key, b'{"v":9,"k":"delivery","d":{}}')])
        assert await on.host.deliveries.replay_all() == 0
        listed = (await on.host.deliveries.list()).items
        assert [one.destination.channel for one in listed] == ["chat"]
        of_run = await on.host.deliveries.list(run_id=dead.run_id)
        assert [one.destination.channel for one in of_run.items] == ["chat"]


async def refuse(_: Push) -> None:
    raise PushError(PushErrorClass.PERMANENT, "blocked")


async def test_a_task_that_its_runner_gives_up_leaves_a_dead_letter() -> None:
    async with MemoryStateStore() as store:
        runner = OnceRunner(store)
        async with stage(store=SeverableStore(store), runner=runner) as on:
            (delivery,) = await on.host.deliver("hi", to=CHAT, at=HOUR)
            order = DeliveryOrder(delivery_id=delivery.id, round=0)
            payload = ORDER_CODEC.encode(order)
            on.registry.error = ValueError("down")
            await runner.schedule(TaskSpec(kind=KIND, payload=payload))
            over = await on.over(delivery.id, DeliveryStatus.DEAD)
            assert over.attempts == ()


class OnceRunner(StoreTaskRunner):
    """Calls once."""

    def register(self, kind: str, handler: Any, *, retry: RetryPolicy, **options: Any) -> None:
        super().register(kind, handler, retry=RetryPolicy(attempts_limit=1), **options)


class Lame:
    """A push that is none."""

    codec = None


@pytest.mark.parametrize(
    ("push", "what"),
    [
        (Lame(), "has no is_idempotent, push, rate"),
        (PlatformDouble(rate=PushRate(per_account=0, per_conversation=1, period=HOUR)), "allows"),
        (
            PlatformDouble(rate=PushRate(per_account=1, per_conversation=1, period=0 * HOUR)),
            "allows",
        ),
    ],
)
def test_a_push_that_cannot_work_is_refused_at_construction(push: Any, what: str) -> None:
    with pytest.raises(ConfigurationError, match=what):
        AgentHost(shout, channels=[PushChannelDouble("chat", push)])


def test_a_push_without_a_codec_is_refused_at_construction() -> None:
    push: Any = PlatformDouble()
    push.codec = None
    with pytest.raises(ConfigurationError, match="has no codec"):
        AgentHost(shout, channels=[PushChannelDouble("chat", push)])
    assert push_channels([]) == {}
