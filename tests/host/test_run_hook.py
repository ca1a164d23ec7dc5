"""What an app puts around its target: a hook before each run, behaviours around it, a new name."""

import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from pydantic import BaseModel, Field

from agent_host.errors import InvalidInputError, RequestError, RunFailedError
from agent_host.protocols.target import Target
from agent_host.types import (
    RunEvent,
    RunResult,
    RunStatus,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    Turn,
)
from tests.host.harness import finished, hosted, request, runs_of


class Order(BaseModel):
    """Typed input."""

    item: str
    count: int = Field(ge=1)


async def take_order(turn: Turn) -> RunResult:
    order = turn.input
    assert isinstance(order, Order)
    return RunResult.of_text(f"{order.count} x {order.item}")


def to_order(turn: Turn) -> Order:
    return Order.model_validate_json(turn.text)


async def test_a_hook_makes_typed_input() -> None:
    async with hosted(take_order, run_hook=to_order) as context:
        outcome = await context.run(request('{"item": "tea", "count": 2}'))
    assert outcome.result is not None
    assert outcome.result.text == "2 x tea"


async def test_wrong_input_is_told_field_by_field_and_makes_no_run() -> None:
    async with hosted(take_order, run_hook=to_order) as context:
        for ask in (context.run, context.start):
            with pytest.raises(InvalidInputError) as caught:
                await ask(request('{"item": "tea", "count": 0}'))
            ((field, rule),) = caught.value.problems
            assert field == "count"
            assert "greater than or equal to 1" in rule
        assert not (await (await runs_of(context)).list()).items


async def rewrite(turn: Turn) -> Turn:
    return replace(turn, messages=(replace(turn.messages[0], role="system"),), options={"n": 1})


async def report(turn: Turn) -> str:
    return f"{turn.messages[0].role} {turn.options}"


@pytest.mark.parametrize("background", [False, True])
async def test_a_hook_may_rewrite_the_turn(background: bool) -> None:
    async with hosted(report, run_hook=rewrite) as context:
        if background:
            accepted = await context.start(request("x", background=True))
            outcome = await finished(context, accepted.run.id)
        else:
            outcome = await context.run(request("x"))
    assert outcome.result is not None
    assert outcome.result.text == "system {'n': 1}"


def refuse(_: Turn) -> Turn:
    raise RequestError("Not on Sundays.")


def break_down(_: Turn) -> Turn:
    raise KeyError("hunter2")


async def test_a_hook_may_refuse_and_its_own_failure_is_not_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with hosted(report, run_hook=refuse) as context:
        with pytest.raises(RequestError, match="Sundays"):
            await context.run(request())
    caplog.set_level(logging.INFO)
    async with hosted(report, run_hook=break_down) as context:
        with pytest.raises(RunFailedError) as caught:
            await context.run(request())
        assert not context.busy
    assert "hunter2" not in str(caught.value)
    assert caught.value.run_id in caplog.text


class Around:
    """A behaviour that brackets what its target says."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def wrap(self, target: Target) -> Target:
        return Bracketed(target, self.mark)


class Bracketed:
    """The target within marks."""

    def __init__(self, target: Target, mark: str) -> None:
        self.description: TargetDescription = target.description
        self.capabilities: TargetCapabilities = target.capabilities
        self._target = target
        self._mark = mark

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        yield TextDelta(text=f"<{self._mark}>")
        async for event in self._target.run(turn):
            yield event


async def say(_: str) -> AsyncIterator[str]:
    yield "hello"


async def test_the_first_behaviour_is_outermost_and_the_host_may_rename() -> None:
    async with hosted(
        say,
        behaviors=[Around("a"), Around("b")],
        name="greeter",
        description="Says hello.",
    ) as context:
        outcome = await context.run(request())
        assert (context.target.name, context.target.description) == ("greeter", "Says hello.")
    assert outcome.run.status is RunStatus.COMPLETED
    assert outcome.result is not None
    assert outcome.result.text == "<a><b>hello"
