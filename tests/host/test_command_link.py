"""`/link` and `/unlink` in chats: two accounts of one person, and nobody else's."""

import pytest

from agent_host.context import current_principal
from agent_host.errors import (
    LinkRefusedError,
    LinkRequiredError,
    LinkStepError,
    NotFoundError,
    NotLinkedError,
)
from agent_host.identity.access_policy import AuthPolicy, HostAccessPolicy
from agent_host.identity.option import PeopleOptions
from agent_host.linking.code_linker import CodeLinker
from agent_host.linking.option import LinkOptions
from agent_host.protocols.host_context import HostContext
from agent_host.types import Caller, CommandAnswer, CommandRequest, Principal
from tests.host.harness import CALLER, hosted
from tests.host.life import ROOM, caller_of, turn_of

LINKING = LinkOptions(linkers=[CodeLinker()])


async def echo(text: str) -> str:
    return text


async def say(context: HostContext, caller: Caller, line: str) -> CommandAnswer:
    name, _, arguments = line.removeprefix("/").partition(" ")
    return await context.command(CommandRequest(caller=caller, name=name, arguments=arguments))


def text_of(answer: CommandAnswer) -> str:
    return "\n".join(message.text for message in answer.messages)


async def linked(context: HostContext, one: Caller, other: Caller) -> None:
    code = (await say(context, one, "/link")).facts["code"]
    number = (await say(context, other, f"/link {code}")).facts["number"]
    answer = await say(context, one, f"/link {number}")
    assert answer.facts["step"] == "linked"


async def test_two_accounts_become_one_and_part_again() -> None:
    chat, mail = caller_of("alice"), caller_of("alice", "mail")
    async with hosted(echo, linking=LINKING) as context:
        run = (await context.run(turn_of(mail, "hello"))).run
        offered = await say(context, chat, "/link")
        assert str(offered.facts["code"]) in text_of(offered)
        claimed = await say(context, mail, f"/link {offered.facts['code']}")
        assert str(claimed.facts["number"]) in text_of(claimed)
        asked = await say(context, chat, "/link")
        assert asked.facts["step"] == "asked"
        assert str(claimed.facts["number"]) not in text_of(asked)
        assert "Linked" in text_of(await say(context, chat, f"/link {claimed.facts['number']}"))
        assert (await (await context.runs(chat)).get(run.id)).run.id == run.id
        whoami = await say(context, chat, "/whoami")
        assert "native-alice-mail on mail" in text_of(whoami)
        await say(context, mail, "/unlink")
        with pytest.raises(NotFoundError):
            await (await context.runs(chat)).get(run.id)
        with pytest.raises(NotLinkedError):
            await say(context, mail, "/unlink")


async def test_a_link_can_be_refused_on_either_side() -> None:
    chat, mail = caller_of("alice"), caller_of("alice", "mail")
    async with hosted(echo, linking=LINKING) as context:
        code = (await say(context, chat, "/link code")).facts["code"]
        assert (await say(context, chat, "/link no")).facts["step"] == "declined"
        with pytest.raises(LinkStepError):
            await say(context, mail, f"/link {code}")
        with pytest.raises(LinkStepError):
            await say(context, chat, "/link 000000")


async def test_no_code_is_ever_shown_in_a_group() -> None:
    async with hosted(echo, linking=LINKING) as context:
        in_room = caller_of("alice", conversation=ROOM)
        for line in ("/link", "/link code", "/unlink", "/link ABCD-EFGH", "/link 123456"):
            answer = await say(context, in_room, line)
            assert answer.facts == {}
            assert "private" in text_of(answer)


async def test_who_must_link_first_can_and_then_comes_in() -> None:
    people = PeopleOptions(access=HostAccessPolicy(policy=AuthPolicy.linked()))
    chat, mail = caller_of("alice"), caller_of("alice", "mail")
    async with hosted(echo, linking=LINKING, people=people) as context:
        for line in ("/new", "/whoami", "/help", "/unlink"):
            with pytest.raises(LinkRequiredError):
                await say(context, chat, line)
        room = await say(context, caller_of("alice", conversation=ROOM), "/link")
        assert room == CommandAnswer()
        await linked(context, chat, mail)
        assert text_of(await say(context, chat, "/help"))


async def test_without_a_way_to_link_there_are_no_such_commands() -> None:
    async with hosted(echo) as context:
        assert not {info.name for info in context.commands} & {"link", "unlink"}
        with pytest.raises(NotFoundError):
            await say(context, caller_of("alice"), "/link")


async def test_nobody_in_particular_cannot_be_linked() -> None:
    async with hosted(echo, linking=LINKING) as context:
        assert (await say(context, CALLER, "/link")).facts["step"] == "offered"
        token = current_principal.set(Principal(id="nobody", kind="anonymous"))
        try:
            with pytest.raises(LinkRefusedError):
                await say(context, CALLER, "/link")
        finally:
            current_principal.reset(token)
