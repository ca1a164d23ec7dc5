"""One person's fan-out holds nobody else up, and no platform gets more than it allows."""

from dataclasses import replace
from datetime import datetime, timedelta

from agent_host.errors import PushError, PushErrorClass
from agent_host.testing.push_channel import PlatformDouble
from agent_host.types import (
    ChannelIdentity,
    Conversation,
    DeliveryStatus,
    Destination,
    Push,
    PushRate,
)
from tests.delivery.hosting import ALL, QUICK, Stage, stage

MANY = 200


def fail_odd(on: Stage) -> None:
    """Half of the storm's destinations refuse."""

    async def act(push: Push) -> None:
        identity = push.destination.identity
        if identity is not None and int(identity.native_id) % 2:
            raise PushError(PushErrorClass.TRANSIENT, "busy")

    on.chat.always = act
    for number in range(MANY):
        identity = ChannelIdentity(channel="chat", account="default", native_id=str(number))
        on.registry.link(on.alice, identity)


async def test_a_bystander_is_sent_to_while_a_storm_is_still_on() -> None:
    policy = replace(
        QUICK, destination_limit=MANY, concurrency=8, burst=8, spacing=timedelta(minutes=1)
    )
    async with stage(policy=policy, seen=False) as on:
        fail_odd(on)
        assert len(await on.host.deliver("storm", to=on.alice, target=ALL)) == MANY
        bob = Destination(channel="chat", conversation=Conversation(id="bob"))
        (delivery,) = await on.host.deliver("hi bob", to=bob)
        await on.over(delivery.id, DeliveryStatus.ACCEPTED)
        assert len(on.chat.called) <= policy.burst + 1


async def test_a_storm_reaches_all_that_take_it_and_buries_the_rest() -> None:
    policy = replace(
        QUICK,
        destination_limit=MANY,
        burst=32,
        spacing=timedelta(milliseconds=1),
        attempts_limit=2,
    )
    async with stage(policy=policy, seen=False) as on:
        fail_odd(on)
        storm = await on.host.deliver("storm", to=on.alice, target=ALL)
        over = [await on.over(one.id) for one in storm]
        assert sum(one.status is DeliveryStatus.ACCEPTED for one in over) == MANY / 2
        assert sum(one.status is DeliveryStatus.DEAD for one in over) == MANY / 2


async def test_no_conversation_gets_more_than_its_platform_allows() -> None:
    period = timedelta(milliseconds=200)
    rate = PushRate(per_account=40, per_conversation=2, period=period)
    sent: dict[str, list[datetime]] = {}
    async with stage(chat=PlatformDouble(rate=rate)) as on:

        async def note(push: Push) -> None:
            identity = push.destination.identity
            assert identity is not None
            sent.setdefault(identity.native_id, []).append(on.context.clock.now())

        on.chat.always = note
        for number in range(18):
            identity = ChannelIdentity(
                channel="chat", account="default", native_id=f"room-{number % 3}"
            )
            await on.host.deliver(str(number), to=identity)
        await on.chat.until(lambda: len(on.chat.taken) == 18)
    for times in sent.values():
        assert len(times) == 6
        for first, later in zip(times, times[2:], strict=False):
            # What is granted in time may be sent a little later, and the next in time.
            assert later - first >= period * 0.5
    texts = [int(text) for text in on.chat.texts]
    for room in range(3):
        there = [text for text in texts if text % 3 == room]
        assert there == sorted(there)


async def test_a_person_who_is_limited_leaves_the_account_to_others() -> None:
    rate = PushRate(per_account=8, per_conversation=8, period=timedelta(milliseconds=400))
    async with stage(chat=PlatformDouble(rate=rate), seen=False) as on:
        for number in range(12):
            identity = ChannelIdentity(channel="chat", account="default", native_id=str(number))
            on.registry.link(on.alice, identity)
        storm = await on.host.deliver("storm", to=on.alice, target=ALL)
        (hi,) = await on.host.deliver(
            "hi", to=Destination(channel="chat", conversation=Conversation(id="bob"))
        )
        await on.over(hi.id, DeliveryStatus.ACCEPTED)
        assert "hi" in on.chat.texts[:6]
        for delivery in storm:
            await on.over(delivery.id, DeliveryStatus.ACCEPTED)
