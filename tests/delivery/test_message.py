"""Messages that nobody asked for just now: to a person, an identity, a conversation."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from agent_host import AgentHost
from agent_host.errors import (
    DeliveryStateError,
    IdempotencyConflictError,
    NotFoundError,
    RequestError,
)
from agent_host.testing.push_channel import PlatformDouble, PushChannelDouble
from agent_host.types import (
    ChannelIdentity,
    Conversation,
    DeliveryStatus,
    Destination,
    HostedResult,
    Message,
    ResponseTarget,
    RunStatus,
)
from tests.delivery.hosting import ALL, CHAT, MAIL, QUICK, ROOM, shout, stage

HOUR = timedelta(hours=1)


async def test_a_person_is_reached_where_they_were_last() -> None:
    async with stage(policy=replace(QUICK, active_within=timedelta())) as on:
        (delivery,) = await on.host.deliver("hi", to=on.alice)
        await on.over(delivery.id, DeliveryStatus.ACCEPTED)
        (push,) = on.chat.taken
        assert on.chat.texts == ["hi"]
        assert push.destination.conversation == ROOM
        assert push.result.run.status is RunStatus.COMPLETED
        assert push.result.run.operation == "deliver"
        assert delivery.run_id is None
        (by_key,) = await on.host.deliver("again", to=on.alice.isolation_key)
        await on.over(by_key.id, DeliveryStatus.ACCEPTED)
        assert on.chat.texts == ["hi", "again"]


async def test_a_person_is_reached_everywhere() -> None:
    async with stage() as on:
        sent = await on.host.deliver(Message.assistant("hi"), to=on.alice, target=ALL)
        for delivery in sent:
            await on.over(delivery.id, DeliveryStatus.ACCEPTED)
        assert on.chat.texts == on.mail.texts == ["hi"]


async def test_an_identity_is_reached_where_it_last_spoke() -> None:
    async with stage() as on:
        for identity in (CHAT, replace(CHAT, native_id="never-seen")):
            (delivery,) = await on.host.deliver("hi", to=identity)
            await on.over(delivery.id, DeliveryStatus.ACCEPTED)
        assert [push.destination.conversation for push in on.chat.taken] == [ROOM, None]


async def test_a_conversation_is_reached() -> None:
    where = Destination(channel="chat", conversation=Conversation(id="room", kind="group"))
    async with stage() as on:
        (delivery,) = await on.host.deliver("hi", to=where)
        await on.over(delivery.id, DeliveryStatus.ACCEPTED)
        assert on.chat.taken[0].destination == where
        assert delivery.owner != on.alice


async def test_what_cannot_be_reached_is_refused() -> None:
    async with stage() as on:
        deliver = on.host.deliver
        with pytest.raises(NotFoundError, match="destination"):
            await deliver("hi", to=replace(on.alice, tenant="other"))
        with pytest.raises(RequestError, match="no channel"):
            await deliver("hi", to=ChannelIdentity(channel="x", account="y", native_id="z"))
        with pytest.raises(RequestError, match="names an identity"):
            await deliver("hi", to=Destination(channel="chat"))
        with pytest.raises(RequestError, match="not one of"):
            await deliver("hi", to=Destination(channel="mail", identity=CHAT))
        with pytest.raises(RequestError, match="is for a person"):
            await deliver("hi", to=CHAT, target=ALL)
        for target in (ResponseTarget(), replace(ALL, echo_input=True)):
            with pytest.raises(RequestError, match="no origin"):
                await deliver("hi", to=on.alice, target=target)
        with pytest.raises(RequestError, match="time zone"):
            await deliver("hi", to=CHAT, at=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


async def test_what_cannot_be_made_for_its_destination_is_refused() -> None:
    def hook(_: HostedResult, __: Destination) -> HostedResult:
        raise ValueError

    async with stage(response_hook=hook) as on:
        with pytest.raises(RequestError, match="response_hook"):
            await on.host.deliver("hi", to=CHAT)
        assert not (await on.host.deliveries.list()).items


async def test_without_a_registry_identities_are_reached_all_the_same() -> None:
    channel = PushChannelDouble("chat", PlatformDouble())
    async with AgentHost(shout, channels=[channel]) as host:
        await host.deliver("hi", to=CHAT)
        await channel.push.until(lambda: bool(channel.push.taken))
        with pytest.raises(NotFoundError):
            await host.deliver("hi", to=channel.push.taken[0].owner)


async def test_a_message_does_not_overtake_one_that_is_on_its_way_to_the_runner() -> None:
    async with stage() as on:
        first = await on.host.deliver("one", to=on.alice, target=ALL)
        (second,) = await on.host.deliver("two", to=first[0].destination)
        for delivery in (*first, second):
            await on.over(delivery.id)
        assert on.chat.texts == ["one", "two"]


async def test_a_message_for_later_waits_and_can_be_called_off() -> None:
    async with stage() as on:
        (later,) = await on.host.deliver("later", to=CHAT, at=HOUR)
        (now,) = await on.host.deliver("now", to=CHAT, at=on.context.clock.now() - HOUR)
        await on.over(now.id, DeliveryStatus.ACCEPTED)
        assert on.chat.texts == ["now"]
        assert later.due_at - later.created_at == HOUR
        over = await on.host.deliveries.cancel(later.id)
        assert over.status is DeliveryStatus.CANCELLED
        for delivery in (later, now):
            with pytest.raises(DeliveryStateError):
                await on.host.deliveries.cancel(delivery.id)


async def test_a_message_for_later_comes_then() -> None:
    async with stage() as on:
        (later,) = await on.host.deliver("later", to=CHAT, at=timedelta(milliseconds=50))
        over = await on.over(later.id, DeliveryStatus.ACCEPTED)
        assert over.attempts[0].begun_at >= later.due_at


async def test_a_key_leads_back_to_what_it_led_to() -> None:
    async with stage() as on:
        first = await on.host.deliver("hi", to=on.alice, idempotency_key="k", at=HOUR)
        on.registry.see(MAIL, on.context.clock.now())
        assert await on.host.deliver("hi", to=on.alice, idempotency_key="k", at=HOUR) == first
        for text, to in (("other", on.alice), ("hi", CHAT)):
            with pytest.raises(IdempotencyConflictError):
                await on.host.deliver(text, to=to, idempotency_key="k", at=HOUR)
        for key in ("", "x" * 257):
            with pytest.raises(RequestError, match="characters"):
                await on.host.deliver("hi", to=CHAT, idempotency_key=key)


async def test_of_two_at_once_with_one_key_one_is_sent() -> None:
    async with stage() as on:
        sent = await asyncio.gather(
            *(on.host.deliver("hi", to=CHAT, idempotency_key="k") for _ in range(8))
        )
        assert len({delivery.id for found in sent for delivery in found}) == 1
        await on.over(sent[0][0].id, DeliveryStatus.ACCEPTED)
        assert on.chat.texts == ["hi"]
