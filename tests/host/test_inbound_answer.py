"""An answer that came as an event: taken once, wherever the process dies."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host import AgentHost
from agent_host.errors import InvalidInputError, StoreUnavailableError
from agent_host.host.inbound.spoken import spoken_values
from agent_host.protocols.host_context import HostContext
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.push_channel import PlatformDouble, PushChannelDouble
from agent_host.types import (
    ChannelRequest,
    DeliveryStatus,
    InputRequired,
    JsonObject,
    JsonValue,
    Message,
    Question,
    QuestionId,
    Run,
    RunEvent,
    RunStatus,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    Turn,
)
from agent_host.types.question import QuestionKind
from tests.host.killed import QUICK, SurvivingStore
from tests.host.test_inbound import DyingStore, event


class Asking:
    """Asks in every turn that it begins, and says what it was answered."""

    description = TargetDescription(name="asking")
    capabilities = TargetCapabilities(resumes=True, rerunnable=True)

    def __init__(self) -> None:
        self.begun: list[str] = []

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        if turn.answer is None:
            self.begun.append(turn.text)
            yield InputRequired(questions=(Question(prompt="Who?"),))
        else:
            yield TextDelta(text=f"it is {turn.answer.value}")


def message(text: str) -> ChannelRequest:
    """What somebody writes in one conversation."""
    return replace(event(text), session="C1")


def host_of(
    target: Asking, store: SurvivingStore, platform: PlatformDouble | None = None
) -> AgentHost:
    chat = PushChannelDouble("chat", platform or PlatformDouble(is_idempotent=True))
    return AgentHost(target, channels=[chat], store=store, run_policy=QUICK, grace=timedelta())


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 9))
async def test_a_crash_while_it_is_answered_neither_loses_nor_doubles(
    at: int, *, after: bool
) -> None:
    store, target = MemoryStateStore(), Asking()
    async with store:
        async with host_of(target, SurvivingStore(store)) as first:
            await first.context.accept("E1", message("name"))
            await until(first.context, lambda run: run.status is RunStatus.INPUT_REQUIRED)
        dying = DyingStore(store, at=at, after=after)
        acknowledged = True
        async with host_of(target, dying) as second:
            try:
                await second.context.accept("E2", message("Ada"))
                over = asyncio.ensure_future(until(second.context, _is_over))
                died = asyncio.ensure_future(dying.died.wait())
                await asyncio.wait((over, died), return_when=asyncio.FIRST_COMPLETED)
                for task in (over, died):
                    task.cancel()
                await asyncio.gather(over, died, return_exceptions=True)
            except StoreUnavailableError:
                acknowledged = False
            await dying.kill()
        async with host_of(target, SurvivingStore(store)) as third:
            if not acknowledged:
                await third.context.accept("E2", message("Ada"))
            await until(third.context, _is_over)
            # Behind all that the crash left to be done again, in the same conversation.
            await third.context.accept("E3", message("last"))
            while target.begun[-1] != "last":
                await asyncio.sleep(0)
            view = await third.context.runs(event().caller)
            done = [await view.get(run.id) for run in (await view.list()).items]
    assert target.begun == ["name", "last"]
    answers = [one.result.text for one in done if one.result is not None]
    assert answers == ["it is Ada"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 13))
async def test_a_crash_while_it_asks_neither_loses_nor_doubles_the_question(
    at: int, *, after: bool
) -> None:
    store, target, platform = MemoryStateStore(), Asking(), PlatformDouble(is_idempotent=True)
    async with store:
        dying, acknowledged = DyingStore(store, at=at, after=after), True
        async with host_of(target, dying, platform) as first:
            try:
                await first.context.accept("E1", message("name"))
                sent = asyncio.ensure_future(platform.until(lambda: bool(platform.taken)))
                died = asyncio.ensure_future(dying.died.wait())
                await asyncio.wait((sent, died), return_when=asyncio.FIRST_COMPLETED)
                for task in (sent, died):
                    task.cancel()
                await asyncio.gather(sent, died, return_exceptions=True)
            except StoreUnavailableError:
                acknowledged = False
            await dying.kill()
        async with host_of(target, SurvivingStore(store), platform) as second:
            if not acknowledged:
                await second.context.accept("E1", message("name"))
            await platform.until(lambda: bool(platform.taken))
            while any(
                delivery.status is not DeliveryStatus.ACCEPTED
                for delivery in (await second.deliveries.list()).items
            ):
                await asyncio.sleep(0)
            runs = (await (await second.context.runs(event().caller)).list()).items
    assert platform.texts == ["Who?"]
    assert [run.status for run in runs] == [RunStatus.INPUT_REQUIRED]


def _is_over(run: Run) -> bool:
    return run.status is RunStatus.COMPLETED


async def until(context: HostContext, holds: Callable[[Run], bool]) -> None:
    view = await context.runs(event().caller)
    while not any(holds(run) for run in (await view.list()).items):
        await asyncio.sleep(0)


def spoken(
    text: str, *, kind: QuestionKind = "input", schema: JsonObject | None = None
) -> JsonValue:
    """What a text is to one question."""
    question = Question(prompt="?", kind=kind, schema=schema, id=QuestionId("q"))
    return spoken_values((question,), (Message.user(text),))["q"]


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("36", None, "36"),
        ("36", {"type": "string"}, "36"),
        ("36", {"type": "integer"}, 36),
        ("Yes!", {"type": "boolean"}, True),
        ("yes", {"enum": ["yes", "no"]}, "yes"),
        ('{"a": 1}', {"type": "object"}, {"a": 1}),
        ("much", {"type": "integer"}, "much"),
        ("[" * 10_000, {"type": "array"}, "[" * 10_000),
    ],
)
def test_a_text_is_what_its_question_takes(
    text: str, schema: JsonObject | None, value: JsonValue
) -> None:
    assert spoken(text, schema=schema) == value


@pytest.mark.parametrize(("text", "value"), [("ok", True), ("No.", False), ("TRUE", True)])
def test_an_approval_is_yes_or_no(text: str, value: object) -> None:
    assert spoken(text, kind="approval") is value


@pytest.mark.parametrize(("text", "kind"), [("perhaps", "approval"), ("x", "client_tool")])
def test_what_is_no_answer_is_refused(text: str, kind: QuestionKind) -> None:
    with pytest.raises(InvalidInputError):
        spoken(text, kind=kind)


@given(st.text())
def test_any_text_answers_a_question_without_a_form(text: str) -> None:
    assert spoken(text) == text.strip()
