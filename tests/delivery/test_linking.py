"""Answers of people who are linked to somebody while the answer is made, planned or sent."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest

from agent_host import AgentHost
from agent_host.delivery.option import DeliveryOptions
from agent_host.delivery.person import TRIES, is_of, known_of
from agent_host.errors import ConflictError, PushError, PushErrorClass
from agent_host.host.run.ending import DELIVERY_NOTE
from agent_host.identity.registry import StoreIdentityRegistry
from agent_host.testing.identity_registry import MemoryIdentityRegistry
from agent_host.testing.push_channel import PlatformDouble, PushChannelDouble
from agent_host.types import (
    Delivery,
    DeliveryPolicy,
    DeliveryStatus,
    HostedResult,
    KnownIdentity,
    Owner,
    Push,
    ResponseTarget,
)
from tests.host.linked import person, said
from tests.identity.people import identity, owner, party, registry

ALL = ResponseTarget(kind="all_linked")
POLICY = DeliveryPolicy(first_delay=timedelta(milliseconds=1), last_delay=timedelta(milliseconds=5))
OVER = (DeliveryStatus.ACCEPTED, DeliveryStatus.DEAD)


@dataclass(slots=True, kw_only=True)
class Linking:
    """A host with a chat and mail, whose answer waits for `gate`."""

    host: AgentHost
    chat: PlatformDouble
    mail: PlatformDouble
    gate: asyncio.Event

    @property
    def people(self) -> StoreIdentityRegistry:
        return self.host.people.registry

    async def ask(self, name: str) -> HostedResult:
        return await self.host.context.run(said(person(name), response_target=ALL))

    async def deliveries(self, asked: HostedResult, name: str) -> list[Delivery]:
        """What the run led to, once all of it is over; `name` is who asked."""
        view = await self.host.context.runs(person(name))
        async for _ in view.events(asked.run.id):
            pass
        while True:
            found = (await self.host.deliveries.list(run_id=asked.run.id)).items
            if all(delivery.status in OVER for delivery in found):
                return list(found)
            await asyncio.sleep(0)


@asynccontextmanager
async def linking(*, is_open: bool = True) -> AsyncGenerator[Linking]:
    gate = asyncio.Event()
    if is_open:
        gate.set()

    async def shout(text: str) -> str:
        await gate.wait()
        return text.upper()

    chat, mail = PlatformDouble(), PlatformDouble()
    host = AgentHost(
        shout,
        channels=[PushChannelDouble("chat", chat), PushChannelDouble("mail", mail)],
        delivery=DeliveryOptions(policy=POLICY),
    )
    async with host:
        yield Linking(host=host, chat=chat, mail=mail, gate=gate)


def told(platform: PlatformDouble) -> set[str]:
    """Who has it."""
    return {
        push.destination.identity.native_id
        for push in platform.taken
        if push.destination.identity is not None
    }


async def test_who_is_linked_while_the_answer_is_made_gets_it_and_so_does_the_other() -> None:
    async with linking(is_open=False) as on:
        asked = await on.ask("a")
        await on.people.link(party("a"), party("b", "mail"))
        on.gate.set()
        first, second = await on.deliveries(asked, "a")
        assert first.status is second.status is DeliveryStatus.ACCEPTED
        assert told(on.chat) == {"a"}
        assert told(on.mail) == {"b"}


async def test_who_is_linked_while_the_answer_is_sent_gets_it() -> None:
    async with linking() as on:

        async def link_and_fail(_: Push) -> None:
            await on.people.link(party("a"), party("b", "mail"))
            raise PushError(PushErrorClass.TRANSIENT, "busy")

        on.chat.acts.append(link_and_fail)
        (delivery,) = await on.deliveries(await on.ask("a"), "a")
        assert delivery.status is DeliveryStatus.ACCEPTED
        assert [row.error_code for row in delivery.attempts] == ["busy", None]
        assert told(on.chat) == {"a"}


async def test_who_leaves_for_somebody_else_meanwhile_does_not_get_it() -> None:
    async with linking() as on:
        await on.people.link(party("c", "mail"), party("a"))

        async def part_and_fail(_: Push) -> None:
            await on.people.unlink(party("c", "mail"))
            await on.people.link(party("c", "mail"), party("b"))
            raise PushError(PushErrorClass.TRANSIENT, "busy")

        on.mail.acts.append(part_and_fail)
        found = await on.deliveries(await on.ask("a"), "a")
        (letter,) = [one for one in found if one.status is DeliveryStatus.DEAD]
        assert letter.destination.channel == "mail"
        assert letter.attempts[-1].error_code == "not_linked"
        assert told(on.chat) == {"a"}
        assert told(on.mail) == set()


async def test_a_message_to_the_key_of_before_reaches_who_they_are_now() -> None:
    async with linking() as on:
        await on.people.link(party("a"), party("b", "mail"))
        sent = await on.host.deliver("hi", to=owner("a"), target=ALL)
        await on.chat.until(lambda: bool(on.chat.taken))
        await on.mail.until(lambda: bool(on.mail.taken))
        assert len(sent) == 2
        assert (told(on.chat), told(on.mail)) == ({"a"}, {"b"})


async def test_an_answer_to_nobody_says_so() -> None:
    known_to_nobody = DeliveryOptions(registry=MemoryIdentityRegistry(), policy=POLICY)
    chat = PushChannelDouble("chat", PlatformDouble())
    async with AgentHost(_echo, channels=[chat], delivery=known_to_nobody) as host:
        asked = await host.context.run(said(person("a"), response_target=ALL))
        view = await host.context.runs(person("a"))
        async for _ in view.events(asked.run.id):
            pass
        hosted = await view.get(asked.run.id)
    assert hosted.result is not None
    assert hosted.result.messages[-1].metadata[DELIVERY_NOTE] == {
        "target": "all_linked",
        "intended": [],
        "skipped": [{"reason": "not_linked", "channel": None, "account": None}],
    }


class Restless(MemoryIdentityRegistry):
    """Whoever is asked after has become somebody else before who they are is read."""

    def __init__(self, people: StoreIdentityRegistry, *, moves: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._people = people
        self._moves = list(moves)

    async def identities(self, owner: Owner) -> Sequence[KnownIdentity]:
        if self._moves:
            joining, to = self._moves.pop(0)
            await self._people.link(party(joining), party(to))
        return await self._people.identities(owner)

    async def whose(self, owner: Owner) -> Owner:
        return await self._people.whose(owner)


class Endless(MemoryIdentityRegistry):
    """Whose it is changes with every look."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    async def whose(self, owner: Owner) -> Owner:
        self.looks += 1
        return Owner(tenant="default", isolation_key=party(str(self.looks)).natural_key)


async def test_who_moves_on_while_it_is_read_is_followed() -> None:
    async with registry() as people:
        restless = Restless(people, moves=[("a", "b"), ("b", "c")])
        known = await known_of(restless, owner("a"))
    assert {one.identity.native_id for one in known} == {"a", "b", "c"}


async def test_who_never_rests_is_not_followed_for_ever() -> None:
    endless = Endless()
    with pytest.raises(ConflictError):
        await known_of(endless, owner("a"))
    assert endless.looks == TRIES + 1


async def test_whose_an_identity_is_follows_links_and_their_end() -> None:
    async with registry() as people:
        assert not await is_of(people, identity("a"), owner("a"))
        await people.link(party("a"), party("b"))
        for name in ("a", "b"):
            assert await is_of(people, identity(name), owner("a"))
            assert await is_of(people, identity(name), owner("b"))
        await people.unlink(party("a"))
        assert not await is_of(people, identity("a"), owner("b"))
        assert not await is_of(people, identity("b"), owner("a"))


async def _echo(text: str) -> str:
    return text
