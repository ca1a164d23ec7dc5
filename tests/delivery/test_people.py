"""Deliveries by what the host itself knows of people: its registry, its link policy, its tiers."""

import asyncio
from dataclasses import replace

import pytest

from agent_host import AgentHost
from agent_host.host.run.ending import DELIVERY_NOTE
from agent_host.identity.link_policy import SameTierOnly
from agent_host.identity.option import PeopleOptions
from agent_host.testing.push_channel import PlatformDouble, PushChannelDouble
from agent_host.types import Conversation, DeliveryStatus, HostedResult, ResponseTarget
from agent_host.types.identity import LinkSide
from tests.host.linked import person, said
from tests.identity.people import party

ALL = ResponseTarget(kind="all_linked")


async def shout(text: str) -> str:
    return text.upper()


class Switch:
    """A link policy that is changed once people have linked."""

    def __init__(self) -> None:
        self.allowed = True

    def allows(self, source: LinkSide, destination: LinkSide) -> bool:
        del source, destination
        return self.allowed


async def answer(host: AgentHost) -> HostedResult:
    """Ask by chat, and the answer once it is there."""
    caller = person("a", "chat")
    asked = await host.context.run(said(caller, response_target=ALL))
    view = await host.context.runs(caller)
    async for _ in view.events(asked.run.id):
        pass
    return await view.get(asked.run.id)


async def test_an_answer_goes_to_all_that_a_person_linked() -> None:
    chat, mail = PlatformDouble(), PlatformDouble()
    host = AgentHost(
        shout, channels=[PushChannelDouble("chat", chat), PushChannelDouble("mail", mail)]
    )
    async with host:
        await host.people.registry.link(party("a", "mail"), party("a", "chat"))
        await answer(host)
        await asyncio.gather(
            chat.until(lambda: bool(chat.taken)), mail.until(lambda: bool(mail.taken))
        )
    assert chat.texts == mail.texts == ["HELLO"]


async def test_the_hosts_link_policy_is_asked_again_at_delivery() -> None:
    chat, mail, policy = PlatformDouble(), PlatformDouble(), Switch()
    host = AgentHost(
        shout,
        channels=[PushChannelDouble("chat", chat), PushChannelDouble("mail", mail)],
        people=PeopleOptions(link_policy=policy),
    )
    async with host:
        await host.people.registry.link(party("a", "mail"), party("a", "chat"))
        policy.allowed = False
        hosted = await answer(host)
        await chat.until(lambda: bool(chat.taken))
    assert hosted.result is not None
    note = hosted.result.messages[-1].metadata[DELIVERY_NOTE]
    assert isinstance(note, dict)
    assert note["skipped"] == [{"reason": "link_policy", "channel": "mail", "account": "bot"}]
    assert mail.taken == []


async def test_the_hosts_tiers_count_at_delivery() -> None:
    chat, mail = PlatformDouble(), PlatformDouble()
    rules = PeopleOptions(link_policy=SameTierOnly(), tiers={"chat": "low", "mail": "low"})
    host = AgentHost(
        shout,
        channels=[PushChannelDouble("chat", chat), PushChannelDouble("mail", mail)],
        people=rules,
    )
    async with host:
        await host.people.registry.link(party("a", "mail"), party("a", "chat"))
        await answer(host)
        await mail.until(lambda: bool(mail.taken))
    assert mail.texts == ["HELLO"]


@pytest.mark.parametrize("is_linked", [False, True])
async def test_an_answer_from_a_room_goes_back_there(*, is_linked: bool) -> None:
    """The partition there is neither the person's own nor anybody's who has identities."""
    chat, mail = PlatformDouble(), PlatformDouble()
    host = AgentHost(
        shout, channels=[PushChannelDouble("chat", chat), PushChannelDouble("mail", mail)]
    )
    room = Conversation(id="room", kind="group")
    async with host:
        if is_linked:
            await host.people.registry.link(party("a", "mail"), party("a", "chat"))
        caller = replace(person("a", "chat"), conversation=room)
        asked = await host.context.run(said(caller, response_target=ResponseTarget(kind="active")))
        while not (found := (await host.deliveries.list(run_id=asked.run.id)).items) or (
            found[0].status in (DeliveryStatus.SCHEDULED, DeliveryStatus.ATTEMPTING)
        ):
            await asyncio.sleep(0)
    ((delivery,),) = (found,)
    assert delivery.status is DeliveryStatus.ACCEPTED
    assert delivery.destination.conversation == room
    assert chat.texts == ["HELLO"]
