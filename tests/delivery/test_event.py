"""Events whose platform has its acknowledgement: what is said about them comes by a push."""

import asyncio
from dataclasses import replace

import pytest

from agent_host import AgentHost
from agent_host.delivery.refusal import refusal_text
from agent_host.errors import (
    DeniedError,
    HostError,
    InvalidInputError,
    LinkRequiredError,
    StoreUnavailableError,
    TargetError,
)
from agent_host.protocols.host_context import HostContext
from agent_host.testing.push_channel import PlatformDouble, PushChannelDouble
from agent_host.types import (
    NONE,
    Caller,
    ChannelIdentity,
    ChannelRequest,
    Conversation,
    Denied,
    IsolationKey,
    Message,
    Principal,
)
from agent_host.types.delivery import DeliveryStatus


def event(text: str = "hello", *, kind: str = "private", channel: str = "chat") -> ChannelRequest:
    """What a chat platform brought."""
    caller = Caller(
        channel=channel,
        account="bot",
        identity=ChannelIdentity(channel=channel, account="bot", native_id="U1"),
        conversation=Conversation(id="C1", kind=kind),  # type: ignore[arg-type]
    )
    return ChannelRequest(caller=caller, input=(Message.user(text),))


async def shout(text: str) -> str:
    if text == "fail":
        raise TargetError("I cannot.")
    return text.upper()


class Deaf:
    """An authorizer that knows nobody."""

    async def authorize(
        self, caller: Caller, *, principal: Principal, isolation_key: IsolationKey
    ) -> Denied:
        del caller, principal, isolation_key
        return Denied(reason_code="stranger", user_message="Ask your operator.")


async def test_the_answer_goes_back_to_where_the_event_came_from() -> None:
    platform = PlatformDouble()
    host = AgentHost(shout, channels=[PushChannelDouble("chat", platform)])
    async with host:
        await host.context.accept("E1", event())
        await platform.until(lambda: bool(platform.taken))
        (push,) = platform.taken

        assert platform.texts == ["HELLO"]
        assert push.destination.conversation == Conversation(id="C1")
        assert push.destination.identity == event().caller.identity
        (delivery,) = (await host.deliveries.list()).items
        assert delivery.run_id is not None
        assert delivery.status in {DeliveryStatus.ACCEPTED, DeliveryStatus.ATTEMPTING}


async def test_that_a_run_failed_is_told_there_too() -> None:
    platform = PlatformDouble()
    host = AgentHost(shout, channels=[PushChannelDouble("chat", platform)])
    async with host:
        await host.context.accept("E1", event("fail"))
        await platform.until(lambda: bool(platform.taken))
    failure = platform.taken[0].result.run.failure
    assert failure is not None
    assert failure.message == "I cannot."


async def test_a_channel_that_cannot_push_keeps_the_answer() -> None:
    host = AgentHost(shout, channels=[])
    async with host:
        await host.context.accept("E1", event())
        assert await _answers(host.context) == ["HELLO"]
        assert not (await host.deliveries.list()).items


async def _answers(context: HostContext) -> list[str]:
    view = await context.runs(event().caller)
    while not (runs := (await view.list()).items):
        await asyncio.sleep(0)
    async for _ in view.events(runs[0].id):
        pass
    hosted = await view.get(runs[0].id)
    return [] if hosted.result is None else [hosted.result.text]


async def test_a_stranger_is_told_in_private_and_once() -> None:
    platform = PlatformDouble()
    host = AgentHost(shout, channels=[PushChannelDouble("chat", platform)], authorizer=Deaf())
    async with host:
        await host.context.accept("E1", event(kind="group"))
        await host.context.accept("E2", event())
        await platform.until(lambda: bool(platform.taken))
    assert platform.texts == ["Ask your operator."]
    (push,) = platform.taken
    assert push.destination.conversation == Conversation(id="C1", kind="private")


async def test_who_waits_for_no_answer_is_told_of_no_refusal() -> None:
    """An endpoint for webhooks, whose sender has no place that could be sent to."""
    platform = PlatformDouble()
    host = AgentHost(shout, channels=[PushChannelDouble("chat", platform)], authorizer=Deaf())
    async with host:
        await host.context.accept("E1", replace(event(), response_target=NONE))
        await host.context.accept("E2", event())  # behind it, in the same conversation
        await platform.until(lambda: bool(platform.taken))
        assert len((await host.deliveries.list()).items) == 1
    assert platform.texts == ["Ask your operator."]


@pytest.mark.parametrize(
    ("error", "in_private", "in_a_room"),
    [
        (DeniedError("No."), "No.", None),
        (LinkRequiredError("Link with 1234."), "Link with 1234.", None),
        (InvalidInputError("Say a number."), "Say a number.", "Say a number."),
        (StoreUnavailableError("disk /dev/x"), "could not be handled", "could not be handled"),
    ],
)
def test_what_is_said_where(error: HostError, in_private: str, in_a_room: str | None) -> None:
    said = refusal_text(event(), error)
    assert said is not None
    assert in_private in said
    told = refusal_text(event(kind="group"), error)
    assert (told is None) if in_a_room is None else (told is not None and in_a_room in told)
