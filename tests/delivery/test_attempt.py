"""What becomes of a delivery for each thing that a platform can do, and when it comes again."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agent_host.delivery.order import KIND
from agent_host.errors import OutboundError, PushError, PushErrorClass, UnsafeUrlError
from agent_host.testing.push_channel import PlatformDouble
from agent_host.types import (
    DeliveryStatus,
    Destination,
    HostedResult,
    LinkSide,
    Push,
    ResponseTarget,
)
from tests.delivery.hosting import CHAT, QUICK, Stage, stage

TRANSIENT = PushError(PushErrorClass.TRANSIENT, "busy")
LIMITED = PushError(
    PushErrorClass.RATE_LIMITED, "slow_down", retry_after=timedelta(milliseconds=30)
)
PERMANENT = PushError(PushErrorClass.PERMANENT, "blocked")
DOUBT = PushError(PushErrorClass.UNKNOWN_AFTER_SEND, "no_answer")


@pytest.mark.parametrize(
    ("error", "is_idempotent", "status", "code"),
    [
        (TRANSIENT, False, DeliveryStatus.ACCEPTED, "busy"),
        (LIMITED, False, DeliveryStatus.ACCEPTED, "slow_down"),
        (PERMANENT, True, DeliveryStatus.DEAD, "blocked"),
        (DOUBT, False, DeliveryStatus.UNKNOWN, "no_answer"),
        (DOUBT, True, DeliveryStatus.ACCEPTED, "no_answer"),
        (OutboundError("-", was_sent=False), False, DeliveryStatus.ACCEPTED, "outbound"),
        (OutboundError("-", was_sent=True), False, DeliveryStatus.UNKNOWN, "outbound"),
        (UnsafeUrlError("-"), True, DeliveryStatus.DEAD, "unsafe_url"),
        (ValueError("a secret"), False, DeliveryStatus.UNKNOWN, "channel_error"),
        (PushError(PushErrorClass.PERMANENT, "A whole text!"), True, DeliveryStatus.DEAD, "other"),
    ],
)
async def test_one_failure(
    error: Exception, is_idempotent: bool, status: DeliveryStatus, code: str
) -> None:
    async with stage(chat=PlatformDouble(is_idempotent=is_idempotent)) as on:
        on.chat.will_raise(error)
        (delivery,) = await on.deliveries(await on.ask())
        assert delivery.status is status
        assert delivery.attempts[0].error_code == code
        assert len(delivery.attempts) == (2 if status is DeliveryStatus.ACCEPTED else 1)
        assert len(on.chat.taken) == (status is DeliveryStatus.ACCEPTED)


async def test_a_push_that_hangs_is_in_doubt_once_its_time_is_over() -> None:
    async def hang(_: Push) -> None:
        await asyncio.Event().wait()

    policy = replace(QUICK, attempt_time_limit=timedelta(milliseconds=50))
    async with stage(policy=policy) as on:
        on.chat.always = hang
        (delivery,) = await on.deliveries(await on.ask())
        assert delivery.status is DeliveryStatus.UNKNOWN
        assert delivery.attempts[0].error_code == "timeout"


async def test_it_is_given_up_after_so_many_attempts_and_what_it_carries_is_kept() -> None:
    async with stage(policy=replace(QUICK, attempts_limit=3)) as on:
        on.chat.will_raise(TRANSIENT, TRANSIENT, TRANSIENT)
        (delivery,) = await on.deliveries(await on.ask())
        assert delivery.status is DeliveryStatus.DEAD
        assert [row.number for row in delivery.attempts] == [1, 2, 3]
        again = await on.host.deliveries.replay(delivery.id)
        assert again.replays == 1
        over = await on.over(delivery.id, DeliveryStatus.ACCEPTED)
        assert [row.number for row in over.attempts] == [1, 2, 3, 4]
        assert on.chat.texts == ["HELLO"]
        assert on.chat.taken[0].delivery_id == delivery.id


async def test_it_is_given_up_when_the_platform_asks_for_longer_than_there_is() -> None:
    async with stage(policy=replace(QUICK, give_up_after=timedelta(minutes=1))) as on:
        later = timedelta(hours=1)
        on.chat.will_raise(PushError(PushErrorClass.RATE_LIMITED, "tomorrow", retry_after=later))
        (delivery,) = await on.deliveries(await on.ask())
        assert delivery.status is DeliveryStatus.DEAD
        assert delivery.attempts[0].retry_after == later


async def test_a_pause_of_the_account_holds_up_all_of_its_conversations() -> None:
    pause = timedelta(milliseconds=300)
    async with stage() as on:
        on.chat.will_raise(
            PushError(PushErrorClass.RATE_LIMITED, "flood", retry_after=pause, pauses_account=True)
        )
        first = await on.ask("one")
        await on.chat.until(lambda: bool(on.chat.called))
        begun = on.context.clock.monotonic()
        where = Destination(channel="chat", identity=replace(CHAT, native_id="other"))
        (second,) = await on.host.deliver("two", to=where)
        await on.over(second.id, DeliveryStatus.ACCEPTED)
        assert on.context.clock.monotonic() - begun >= 0.2
        await on.deliveries(first)


async def test_the_same_content_goes_out_again() -> None:
    calls = 0

    def hook(result: HostedResult, _: Destination) -> HostedResult:
        nonlocal calls
        calls += 1
        return result

    async with stage(response_hook=hook) as on:
        on.chat.will_raise(TRANSIENT, TRANSIENT)
        await on.deliveries(await on.ask())
        assert calls == 1


async def test_a_hook_that_fails_makes_a_dead_letter_that_can_be_replayed() -> None:
    broken = True

    def hook(result: HostedResult, _: Destination) -> HostedResult:
        if broken:
            raise ValueError
        return result

    async with stage(response_hook=hook) as on:
        (delivery,) = await on.deliveries(await on.ask())
        assert delivery.status is DeliveryStatus.DEAD
        assert delivery.attempts[0].error_code == "response_hook"
        broken = False
        await on.host.deliveries.replay(delivery.id)
        await on.over(delivery.id, DeliveryStatus.ACCEPTED)
        assert on.chat.texts == ["HELLO"]


async def test_an_attempt_is_counted_before_the_hook_is_asked() -> None:
    """A hook that ends the process ends as a dead letter, and not in a circle."""
    counted: list[int] = []

    async def hook(result: HostedResult, _: Destination) -> HostedResult:
        page = await on.host._runner.kept()  # pyright: ignore[reportPrivateUsage]
        counted.extend(task.starts for task in page.items if task.spec.kind == KIND)
        return result

    async with stage(response_hook=hook) as on:
        await on.deliveries(await on.ask())
    assert counted == [1]


async def test_a_hook_that_gives_something_else_or_never_ends_makes_a_dead_letter() -> None:
    async def endless(_: HostedResult, __: Destination) -> HostedResult:
        return await asyncio.Event().wait()  # type: ignore[return-value]  # it never does

    policy = replace(QUICK, attempt_time_limit=timedelta(milliseconds=50))

    def other(_: HostedResult, __: Destination) -> Any:
        return "text"

    for hook in (other, endless):
        async with stage(response_hook=hook, policy=policy) as on:
            (delivery,) = await on.deliveries(await on.ask())
            assert delivery.status is DeliveryStatus.DEAD
            assert delivery.attempts[0].error_code == "response_hook"


async def test_a_later_version_of_what_is_stored_is_refused_and_kept() -> None:
    async with stage() as on:
        on.chat.will_raise(PERMANENT)
        (delivery,) = await on.deliveries(await on.ask())
        on.chat.codec.version = 2
        await on.host.deliveries.replay(delivery.id)
        dead = await on.over(delivery.id, DeliveryStatus.DEAD)
        assert dead.attempts[-1].error_code == "unreadable_record"
        on.chat.codec.version = 1
        await on.host.deliveries.replay(delivery.id)
        await on.over(delivery.id, DeliveryStatus.ACCEPTED)


async def test_who_was_unlinked_meanwhile_is_not_written_to() -> None:
    async with stage() as on:
        identity = CHAT

        async def unlink(_: Push) -> None:
            on.registry.unlink(identity)
            raise TRANSIENT

        on.chat.acts.append(unlink)
        (delivery,) = await on.deliveries(await on.ask())
        assert delivery.status is DeliveryStatus.DEAD
        assert delivery.attempts[-1].error_code == "not_linked"
        assert not on.chat.taken


async def test_the_link_policy_is_asked_again_at_every_attempt() -> None:
    allowed = True

    class Policy:
        def allows(self, source: LinkSide, destination: LinkSide) -> bool:
            return allowed

    async with stage(link_policy=Policy()) as on:

        async def forbid(_: Push) -> None:
            nonlocal allowed
            allowed = False
            raise TRANSIENT

        on.chat.acts.append(forbid)
        (delivery,) = await on.deliveries(await on.ask())
        assert delivery.status is DeliveryStatus.DEAD
        assert delivery.attempts[-1].error_code == "link_policy"


async def test_an_echo_that_was_sent_is_not_sent_again_with_its_reply() -> None:
    async def only_the_reply_fails(push: Push) -> None:
        if not push.is_echo and len(on.chat.called) < 3 and on.chat.called[push.delivery_id] < 3:
            raise TRANSIENT

    target = ResponseTarget(kind="active", echo_input=True)
    async with stage() as on:
        on.chat.always = only_the_reply_fails
        await on.deliveries(await on.ask("hello", target))
        assert on.chat.texts == ["hello", "HELLO"]


async def test_a_later_message_waits_for_one_that_is_retried() -> None:
    async with stage() as on:
        first = await held_up(on, timedelta(milliseconds=200))
        second = await on.ask("two")
        await on.deliveries(first)
        await on.deliveries(second)
        assert on.chat.texts == ["ONE", "TWO"]


async def test_a_later_message_waits_no_longer_than_it_is_set() -> None:
    async with stage(policy=replace(QUICK, overtake_after=timedelta(milliseconds=100))) as on:
        first = await held_up(on, timedelta(hours=1))
        await on.deliveries(await on.ask("two"))
        assert on.chat.texts == ["TWO"]
        (waiting,) = (await on.host.deliveries.list(run_id=first.run.id)).items
        assert waiting.status is DeliveryStatus.FAILED


async def test_one_that_was_overtaken_is_sent_all_the_same() -> None:
    async with stage(policy=replace(QUICK, overtake_after=timedelta(milliseconds=10))) as on:
        first = await held_up(on, timedelta(milliseconds=100))
        (delivery,) = await on.deliveries(first)
        assert delivery.status is DeliveryStatus.ACCEPTED


async def held_up(on: Stage, wait: timedelta) -> HostedResult:
    """A first message that the platform wants later."""
    on.chat.will_raise(PushError(PushErrorClass.RATE_LIMITED, "later", retry_after=wait))
    first = await on.ask("one")
    await on.chat.until(lambda: bool(on.chat.called))
    return first
