"""A question of a run whose caller does not wait: it is pushed, and the next message answers it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import pytest

from agent_host import AgentHost
from agent_host.errors import RetryTaskError
from agent_host.identity.option import PeopleOptions
from agent_host.protocols.task_runner import TaskHandler
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.push_channel import PlatformDouble, PushChannelDouble
from agent_host.types import (
    Answer,
    Caller,
    ChannelIdentity,
    ChannelRequest,
    Conversation,
    DataPart,
    DeliveryStatus,
    InputRequired,
    Message,
    Question,
    QuestionId,
    RunEvent,
    RunStatus,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    Turn,
)
from agent_host.types.conversation_scope import ConversationScope
from agent_host.types.room_scope import RoomScopes
from agent_host.types.task import Task
from tests.delivery.hosting import ALL, CHAT, stage

AGE = Question(prompt="How old?", id=QuestionId("age"), schema={"type": "integer", "minimum": 1})
UNDER_WAY = {DeliveryStatus.SCHEDULED, DeliveryStatus.ATTEMPTING}
SURE = Question(prompt="Sure?", id=QuestionId("sure"), kind="approval")


async def waiting(turn: Turn) -> AsyncGenerator[RunEvent, Answer]:
    answer = yield InputRequired(questions=(AGE,))
    yield TextDelta(text=f"{turn.text} is {answer.value!r}")


class Resuming:
    """Waits in the store."""

    description = TargetDescription(name="resuming")
    capabilities = TargetCapabilities(resumes=True)

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        if turn.answer is None:
            yield InputRequired(questions=(AGE,))
        else:
            yield TextDelta(text=f"{turn.text} is {turn.answer.value!r}")


async def doubly(_: Turn) -> AsyncGenerator[RunEvent, Answer]:
    answer = yield InputRequired(questions=(AGE, SURE))
    yield TextDelta(text=f"{answer.values[AGE.id]!r} {answer.values[SURE.id]!r}")


def caller_of(person: str, kind: Literal["private", "group"]) -> Caller:
    """Somebody in the chat's one conversation."""
    return Caller(
        channel="chat",
        identity=ChannelIdentity(channel="chat", account="default", native_id=person),
        conversation=Conversation(id="C1", kind=kind),
    )


TARGETS = pytest.mark.parametrize("target", [waiting, Resuming()], ids=["waiting", "resuming"])


@dataclass(kw_only=True)
class Room:
    """A chat whose platform is a double."""

    host: AgentHost
    platform: PlatformDouble
    count: int = 0

    async def say(
        self,
        text: str,
        *,
        person: str = "U1",
        kind: Literal["private", "group"] = "private",
        **fields: Any,
    ) -> None:
        """A message there."""
        self.count += 1
        caller = caller_of(person, kind)
        said = fields.pop("said", Message.user(text))
        request = ChannelRequest(caller=caller, input=(said,), session="C1", **fields)
        await self.host.context.accept(f"E{self.count}", request)

    async def told(self, count: int) -> list[str]:
        """What the chat shows, once it is so much."""
        await self.platform.until(lambda: len(self.platform.taken) >= count)
        return self.platform.texts


@asynccontextmanager
async def room(target: object, **options: Any) -> AsyncGenerator[Room]:
    platform = PlatformDouble()
    host = AgentHost(target, channels=[PushChannelDouble("chat", platform)], **options)
    async with host:
        yield Room(host=host, platform=platform)


@TARGETS
async def test_a_question_is_pushed_and_the_next_message_answers_it(target: object) -> None:
    async with room(target) as chat:
        await chat.say("Ada")
        assert await chat.told(1) == ["How old?"]
        await chat.say("36")
        assert await chat.told(2) == ["How old?", "Ada is 36"]

        asked, over = (push.result.run for push in chat.platform.taken)
        assert asked.status is RunStatus.INPUT_REQUIRED
        assert [question.id for question in asked.questions] == ["age"]
        assert over.id == asked.id
        assert over.status is RunStatus.COMPLETED
        deliveries = (await chat.host.deliveries.list(run_id=asked.id)).items
        assert len({delivery.id for delivery in deliveries}) == 2


@TARGETS
async def test_what_does_not_fit_is_said_and_the_question_stays_open(target: object) -> None:
    async with room(target) as chat:
        await chat.say("Ada")
        await chat.told(1)
        await chat.say("old enough")
        assert "form" in (await chat.told(2))[-1]
        await chat.say("36")
        assert (await chat.told(3))[-1] == "Ada is 36"


async def test_several_questions_are_answered_on_a_line_each() -> None:
    async with room(doubly) as chat:
        await chat.say("hello")
        assert await chat.told(1) == ["How old?\nSure?"]
        await chat.say("36")
        assert "a line of its own" in (await chat.told(2))[-1]
        await chat.say("36\n\nYes!")
        assert (await chat.told(3))[-1] == "36 True"


async def test_a_button_answers_with_its_own_value() -> None:
    async with room(waiting) as chat:
        await chat.say("Ada")
        await chat.told(1)
        await chat.say("", said=Message(role="user", parts=(DataPart(data=37),)))
        assert (await chat.told(2))[-1] == "Ada is 37"


async def test_in_a_room_only_who_asked_answers() -> None:
    shared = RoomScopes(default=ConversationScope.PER_CONVERSATION)
    async with room(waiting, people=PeopleOptions(rooms=shared)) as chat:
        await chat.say("Ada", kind="group")
        await chat.told(1)
        await chat.say("1", person="U2", kind="group")
        assert "waits for an answer" in (await chat.told(2))[-1]
        await chat.say("36", kind="group")
        assert (await chat.told(3))[-1] == "Ada is 36"


async def test_a_run_that_asks_twice_is_told_twice() -> None:
    async def twice(_: Turn) -> AsyncGenerator[RunEvent, Answer]:
        first = yield InputRequired(questions=(AGE,))
        second = yield InputRequired(questions=(AGE,))
        yield TextDelta(text=f"{first.value} {second.value}")

    async with room(twice) as chat:
        await chat.say("hello")
        await chat.told(1)
        await chat.say("1")
        await chat.told(2)
        await chat.say("2")
        assert await chat.told(3) == ["How old?", "How old?", "1 2"]


async def test_a_question_goes_where_the_answer_will_and_is_no_echo() -> None:
    async with stage(waiting) as on:
        asked = await on.ask("Ada", replace(ALL, echo_input=True))
        await on.chat.until(lambda: bool(on.chat.taken))
        await on.mail.until(lambda: bool(on.mail.taken))
        assert on.chat.texts == on.mail.texts == ["How old?"]
        assert not any(push.is_echo for push in (*on.chat.taken, *on.mail.taken))

        view = await on.context.runs(Caller(channel="test"))
        await view.answer(asked.run.id, {"age": 36})
        await on.deliveries(asked)
        assert on.chat.texts[-1] == on.mail.texts[-1] == "Ada is 36"
        assert on.chat.taken[0].destination.identity == CHAT


@TARGETS
async def test_a_run_that_is_cancelled_says_nothing_more(target: object) -> None:
    async with room(target) as chat:
        await chat.say("Ada")
        await chat.told(1)
        run = chat.platform.taken[0].result.run
        await (await chat.host.context.runs(caller_of("U1", "private"))).cancel(run.id)
        while chat.host.context.busy or (await statuses(chat.host, run.id)) & UNDER_WAY:
            await asyncio.sleep(0)
        assert await statuses(chat.host, run.id) == {DeliveryStatus.ACCEPTED}
        assert len(chat.platform.taken) == 1


async def statuses(host: AgentHost, run_id: str) -> set[DeliveryStatus]:
    """Where the run's deliveries stand."""
    return {one.status for one in (await host.deliveries.list(run_id=run_id)).items}


async def test_who_waits_for_the_question_gets_it_and_no_push() -> None:
    async with stage(waiting) as on:
        request = ChannelRequest(caller=Caller(channel="test"), input=(Message.user("Ada"),))
        asked = await on.context.run(request)
        assert asked.run.status is RunStatus.INPUT_REQUIRED
        await (await on.context.runs(request.caller)).answer(asked.run.id, {"age": 36})
        await on.ended(asked)
        assert not (await on.host.deliveries.list()).items


async def test_an_event_that_nobody_could_answer_for_waits_behind_the_question() -> None:
    """It is from somebody who was not asked: it is neither an answer nor lost."""
    asked, refused, again = asyncio.Event(), asyncio.Event(), asyncio.Event()
    texts: list[str] = []

    class Watching(StoreTaskRunner):
        def register(self, kind: str, handler: TaskHandler, **options: Any) -> None:
            async def watched(task: Task) -> None:
                try:
                    await handler(task)
                except RetryTaskError:
                    refused.set()
                    raise

            super().register(kind, watched, **options)

    async def once(turn: Turn) -> AsyncGenerator[RunEvent, Answer]:
        texts.append(turn.text)
        if turn.text == "first":
            asked.set()
            yield InputRequired(questions=(AGE,))
        again.set()
        yield TextDelta(text="done")

    store = MemoryStateStore()
    host = AgentHost(once, store=store, runner=Watching(store))
    caller = Caller(
        channel="hook",
        identity=ChannelIdentity(channel="hook", account="default", native_id="U1"),
    )
    async with host:
        for text in ("first", "36"):
            request = ChannelRequest(caller=caller, input=(Message.user(text),), session="C1")
            await host.context.accept(text, request)
            await asked.wait()
        await refused.wait()
        view = await host.context.runs(caller)
        (run,) = (await view.list()).items
        assert run.status is RunStatus.INPUT_REQUIRED
        await view.cancel(run.id)
        await again.wait()
    assert texts == ["first", "36"]
