"""The workflow target: typed input, steps, outputs, questions, isolation of runs."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel

from agent_host.errors import ConfigurationError, InvalidInputError, TargetError
from agent_host.types import (
    CancelSignal,
    DataPart,
    InputRequired,
    Message,
    ProgressReported,
    Question,
    RunCancelled,
    RunResult,
    StepFinished,
    StepStarted,
    Usage,
)
from agent_host.workflows import Step, StepContext, Workflow
from tests.adapters.driving import drive, make_turn


class Ticket(BaseModel):
    title: str
    priority: int = 0


@dataclass
class Order:
    count: int


async def classify(context: StepContext[Ticket]) -> Ticket:
    """Raise the priority."""
    return Ticket(title=context.input.title, priority=context.input.priority + 1)


def summarize(context: StepContext[Ticket]) -> str:
    ticket = context.outputs["classify"]
    assert isinstance(ticket, Ticket)
    return f"{ticket.title}: {ticket.priority}"


def triage(*steps: Any, **options: Any) -> Workflow[Ticket]:
    return Workflow("triage", input_type=Ticket, steps=steps or (classify, summarize), **options)


def data_turn(data: Any, **changes: Any) -> Any:
    return make_turn(messages=(Message(role="user", parts=(DataPart(data=data),)),), **changes)


async def test_steps_run_in_order_and_every_output_is_kept() -> None:
    driven = await drive(triage(), data_turn({"title": "a", "priority": 1}))
    assert driven.events[:-1] == [
        StepStarted(step_id="classify"),
        StepFinished(step_id="classify", output={"title": "a", "priority": 2}),
        StepStarted(step_id="summarize"),
        StepFinished(step_id="summarize", output="a: 2"),
    ]
    assert driven.result.value == "a: 2"
    assert driven.result.text == "a: 2"
    assert driven.result.outputs == {
        "classify": {"title": "a", "priority": 2},
        "summarize": "a: 2",
    }


async def test_the_input_may_be_a_hooks_value_or_json_text() -> None:
    for turn in (make_turn(input=Ticket(title="b")), make_turn('{"title": "b"}')):
        assert (await drive(triage(), turn)).result.text == "b: 1"


async def test_a_dataclass_is_an_input_too() -> None:
    def double(context: StepContext[Order]) -> int:
        return context.input.count * 2

    doubling = Workflow("double", input_type=Order, steps=[double])
    assert (await drive(doubling, data_turn({"count": 4}))).result.value == 8


async def test_wrong_input_stops_before_the_first_step() -> None:
    with pytest.raises(InvalidInputError) as caught:
        await drive(triage(), data_turn({"priority": "x"}))
    assert [field for field, _ in caught.value.problems] == ["title", "priority"]
    with pytest.raises(InvalidInputError, match="takes JSON"):
        await drive(triage(), make_turn("hello"))


async def test_a_step_asks_and_goes_on_with_the_answer() -> None:
    async def confirm(context: StepContext[Ticket]) -> str:
        colour = await context.ask("Which colour?")
        sure = await context.ask(Question(prompt="Sure?", kind="approval"))
        return f"{context.input.title} {colour} {sure}"

    driven = await drive(triage(confirm), data_turn({"title": "a"}), "red", True)
    assert [event.questions[0].prompt for event in driven.of(InputRequired)] == [
        "Which colour?",
        "Sure?",
    ]
    assert driven.result.text == "a red True"


async def test_a_step_speaks_while_it_runs() -> None:
    async def search(context: StepContext[Ticket]) -> None:
        await context.emit(ProgressReported(text="searching"))

    driven = await drive(triage(search), data_turn({"title": "a"}))
    assert driven.of(ProgressReported) == [ProgressReported(text="searching")]
    assert driven.result.outputs == {"search": None}


async def test_runs_side_by_side_share_nothing() -> None:
    both = asyncio.Barrier(2)

    async def meet(context: StepContext[Ticket]) -> str:
        await both.wait()
        return context.input.title

    workflow = triage(meet, classify, summarize)
    driven = await asyncio.gather(*(drive(workflow, data_turn({"title": title})) for title in "ab"))
    assert [run.result.outputs["meet"] for run in driven] == ["a", "b"]
    assert [run.result.text for run in driven] == ["a: 1", "b: 1"]


async def test_a_failing_step_fails_the_run_with_its_own_error() -> None:
    def refuse(_: StepContext[Ticket]) -> None:
        message = "Not today."
        raise TargetError(message)

    with pytest.raises(TargetError, match="Not today"):
        await drive(triage(refuse), data_turn({"title": "a"}))


async def test_cancelling_stops_the_step() -> None:
    signal = CancelSignal()

    async def endless(_: StepContext[Ticket]) -> None:
        signal.set("caller")
        await asyncio.Event().wait()

    driven = await drive(triage(endless), data_turn({"title": "a"}, cancelled=signal))
    assert driven.events[-1] == RunCancelled(reason="caller")


async def test_a_last_step_may_give_the_whole_result() -> None:
    def finish(_: StepContext[Ticket]) -> RunResult:
        return RunResult(value={"ok": True}, usage=Usage(requests=1))

    result = (await drive(triage(finish), data_turn({"title": "a"}))).result
    assert result.value == {"ok": True}
    assert result.usage == Usage(requests=1)
    assert "finish" in result.outputs


def test_it_describes_its_input_and_its_steps() -> None:
    described = triage(
        classify,
        Step(id="say", run=summarize, name="Say it", description="In one line."),
        description="Sorts tickets.",
        rerunnable=True,
    )
    assert described.description.description == "Sorts tickets."
    assert described.description.input_schema is not None
    assert [
        (skill.id, skill.name, skill.description) for skill in described.description.skills
    ] == [
        ("classify", "classify", "Raise the priority."),
        ("say", "Say it", "In one line."),
    ]
    assert described.capabilities.rerunnable


@pytest.mark.parametrize("steps", [(), (classify, classify), (partial(print, "nameless"),)])
def test_steps_without_an_id_of_their_own_are_refused(steps: tuple[Any, ...]) -> None:
    with pytest.raises(ConfigurationError):
        Workflow("broken", input_type=Ticket, steps=steps)
