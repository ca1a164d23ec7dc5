"""A message whose first attempt is begun in the commit that accepts it, and what goes wrong."""

import asyncio
from datetime import timedelta

import pytest

from agent_host.delivery.kept import KeptDeliveries
from agent_host.delivery.record import CONTENT, DELIVERIES, WHOLE
from agent_host.delivery.result_codec import ResultCodec
from agent_host.errors import PushError, PushErrorClass
from agent_host.protocols.state_store import StateStore
from agent_host.runner.begun_task import BEGUN
from agent_host.stores.memory import MemoryStateStore
from agent_host.types import DeliveryPolicy, DeliveryStatus, HostedResult, Push
from agent_host.types.json import JsonObject
from agent_host.types.store import Key
from tests.delivery.hosting import CHAT, Stage, stage

AT_ONCE = DeliveryPolicy(first_delay=timedelta(), last_delay=timedelta())
SECRET = "the tea is ready"


async def until_begins(on: Stage, store: StateStore) -> None:
    """Have messages go the short way from now on: what is earlier is handed on, lanes are known."""
    while True:
        (delivery,) = await on.host.deliver("probe", to=CHAT)
        is_begun = bool(await store.scan(BEGUN, WHOLE))
        await on.over(delivery.id, DeliveryStatus.ACCEPTED)
        if is_begun:
            return


@pytest.fixture
async def store() -> MemoryStateStore:
    return MemoryStateStore()


@pytest.mark.parametrize("wait", [None, timedelta(), timedelta(milliseconds=2)])
@pytest.mark.parametrize("failures", [1, 2])
async def test_nothing_of_a_message_is_kept_that_is_retried_and_accepted(
    store: MemoryStateStore, failures: int, wait: timedelta | None
) -> None:
    """The platform says when to come again, or not: at once, or so late that the record is read
    anew.
    """
    async with stage(store=store, policy=AT_ONCE) as on:
        await until_begins(on, store)
        busy = PushError(PushErrorClass.TRANSIENT, "busy", retry_after=wait)
        on.chat.will_raise(*(busy for _ in range(failures)))
        (delivery,) = await on.host.deliver(SECRET, to=CHAT)
        over = await on.over(delivery.id, DeliveryStatus.ACCEPTED)
        assert len(over.attempts) == 1 + failures
        assert on.chat.texts[-1] == SECRET
        while await store.scan(BEGUN, WHOLE):
            await asyncio.sleep(0)
        assert not await store.scan(CONTENT, WHOLE)
        for record in await store.scan(DELIVERIES, WHOLE):
            assert SECRET.encode() not in record.value


class _Forgetful(ResultCodec):
    """Cannot read what it wrote."""

    def decode(self, value: JsonObject, version: int) -> HostedResult:
        raise LookupError(str((value, version)))


async def test_a_message_that_cannot_be_read_back_is_accepted_and_dead(
    store: MemoryStateStore,
) -> None:
    async with stage(store=store) as on:
        await until_begins(on, store)
        on.chat.codec = _Forgetful()
        (delivery,) = await on.host.deliver(SECRET, to=CHAT)
        over = await on.over(delivery.id)
        assert (over.status, over.attempts[-1].error_code) == (DeliveryStatus.DEAD, "codec")


async def test_who_is_cancelled_while_delivering_has_sent_it_once_or_not_at_all(
    store: MemoryStateStore,
) -> None:
    async with stage(store=store) as on:
        await until_begins(on, store)
        for steps in range(40):
            sending = asyncio.ensure_future(on.host.deliver(f"{steps}", to=CHAT))
            for _ in range(steps):
                await asyncio.sleep(0)
            sending.cancel()
            await asyncio.wait([sending])
        (last,) = await on.host.deliver("last", to=CHAT)
        await on.over(last.id, DeliveryStatus.ACCEPTED)
        page = await on.host.deliveries.list(limit=200)
        for delivery in page.items:
            await on.over(delivery.id, DeliveryStatus.ACCEPTED)
        assert max(on.chat.called.values()) == 1
        assert len(on.chat.taken) == len(page.items)
        assert on.chat.texts[-1] == "last"


async def test_what_is_erased_while_it_is_sent_is_gone(store: MemoryStateStore) -> None:
    goes_on = asyncio.Event()

    async def wait(_: Push) -> None:
        await goes_on.wait()
        raise PushError(PushErrorClass.TRANSIENT, "busy")

    async with stage(store=store) as on:
        await until_begins(on, store)
        before = {record.key.id for record in await store.scan(DELIVERIES, WHOLE)}
        on.chat.acts.append(wait)
        (delivery,) = await on.host.deliver(SECRET, to=CHAT)
        await on.chat.until(lambda: bool(on.chat.called[delivery.id]))
        assert delivery.id not in before
        assert not await store.scan(CONTENT, WHOLE)
        kept = KeptDeliveries(store, on.host._deliveries._records)  # pyright: ignore[reportPrivateUsage]
        held = [one.key async for one in kept.holdings(delivery.owner, ())]
        # The attempt may fail between this and what is done about it, and its content comes then.
        assert Key(CONTENT, WHOLE, delivery.id) in held
        shown = await on.host.deliveries.show(delivery.id)
        assert SECRET not in repr(shown)
        await on.host.people_operator.forget(delivery.owner)
        goes_on.set()
        while await store.scan(BEGUN, WHOLE):
            await asyncio.sleep(0)
        (after,) = await on.host.deliver("after", to=CHAT)
        await on.over(after.id, DeliveryStatus.ACCEPTED)
        assert on.chat.called[delivery.id] == 1
        assert not await store.scan(CONTENT, WHOLE)
        assert delivery.id not in {one.key.id for one in await store.scan(DELIVERIES, WHOLE)}
