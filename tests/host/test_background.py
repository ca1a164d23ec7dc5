"""Background runs: accepted, done by the runner, polled by their token."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from agent_host.errors import NotCancellableError, RequestError
from agent_host.types import (
    NONE,
    ResponseTarget,
    RunEvent,
    RunPolicy,
    RunStatus,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    Turn,
)
from tests.host.harness import events_of, finished, hosted, request, runs_of


async def shout(text: str) -> str:
    return text.upper()


class Waiting:
    """Counts how many of its turns go on at once, until it may end."""

    description = TargetDescription(name="waiting")
    capabilities = TargetCapabilities(streams=True)

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.at_once = 0
        self.most_at_once = 0
        self.turns = 0

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        self.turns += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            yield TextDelta(text=turn.text)
            await self.may_end.wait()
        finally:
            self.at_once -= 1


async def test_it_is_accepted_at_once_and_done_later() -> None:
    async with hosted(shout) as context:
        accepted = await context.start(request("hello", background=True))
        assert accepted.run.status is RunStatus.QUEUED
        assert accepted.result is None
        outcome = await finished(context, accepted.run.id)
    assert outcome.result is not None
    assert outcome.result.text == "HELLO"
    assert outcome.run.background


async def test_no_more_than_the_limit_go_on_at_once_and_none_is_lost() -> None:
    target = Waiting()
    async with hosted(target, run_policy=RunPolicy(background_limit=3)) as context:
        accepted = [await context.start(request(str(n), background=True)) for n in range(20)]
        while target.at_once < 3:
            await asyncio.sleep(0)
        target.may_end.set()
        for one in accepted:
            assert (await finished(context, one.run.id)).run.status is RunStatus.COMPLETED
    assert (target.most_at_once, target.turns) == (3, 20)


async def test_background_turns_of_one_session_keep_their_order() -> None:
    async with hosted(shout) as context:
        accepted = [
            await context.start(request(str(n), background=True, session="s")) for n in range(10)
        ]
        for one in accepted:
            await finished(context, one.run.id)
        history = await (await context.sessions(request().caller)).get("s")
    said = [message.text for message in history.messages if message.role == "user"]
    assert said == [str(n) for n in range(10)]


async def test_one_that_goes_on_can_be_cancelled() -> None:
    target = Waiting()
    policy = RunPolicy(cancel_grace=timedelta(seconds=0.1))
    async with hosted(target, run_policy=policy) as context:
        accepted = await context.start(request("x", background=True))
        while not target.at_once:
            await asyncio.sleep(0)
        view = await runs_of(context)
        assert (await view.cancel(accepted.run.id)).status is RunStatus.CANCELLED
        assert not target.at_once
        with pytest.raises(NotCancellableError, match="cancelled"):
            await view.cancel(accepted.run.id)


async def test_one_that_has_not_begun_can_be_cancelled_and_never_begins() -> None:
    target = Waiting()
    async with hosted(target, run_policy=RunPolicy(background_limit=1)) as context:
        first = await context.start(request("first", background=True))
        second = await context.start(request("second", background=True))
        while not target.at_once:
            await asyncio.sleep(0)
        view = await runs_of(context)
        assert (await view.cancel(second.run.id)).status is RunStatus.CANCELLED
        target.may_end.set()
        await finished(context, first.run.id)
        assert (await finished(context, second.run.id)).run.status is RunStatus.CANCELLED
    assert target.turns == 1


async def test_its_stream_is_followed_while_it_runs() -> None:
    target = Waiting()
    async with hosted(target) as context:
        accepted = await context.start(request("x", background=True))
        view = await runs_of(context)
        seen: list[str] = []
        async for entry in view.events(accepted.run.id):
            seen.append(type(entry.event).__name__)
            if seen[-1] == "TextDelta":
                target.may_end.set()
    assert seen == ["RunStarted", "TextDelta", "RunCompleted"]


async def test_an_answer_for_nobody_leaves_its_caller_with_the_run() -> None:
    async with hosted(shout) as context:
        accepted = await context.start(request("x", background=True, response_target=NONE))
        assert (await finished(context, accepted.run.id)).run.status is RunStatus.COMPLETED
        waiting = await context.run(request("x", response_target=NONE))
        assert waiting.is_elsewhere
        assert (await finished(context, waiting.run.id)).run.status is RunStatus.COMPLETED
        with pytest.raises(RequestError, match="'active' is not available"):
            await context.run(request("x", response_target=ResponseTarget(kind="active")))


async def test_a_run_that_never_got_its_turn_ends_with_the_host() -> None:
    target = Waiting()
    policy = RunPolicy(cancel_grace=timedelta(seconds=0.1))
    async with hosted(target, run_policy=policy) as context:
        first = asyncio.ensure_future(context.run(request("first", session="s")))
        while not target.at_once:
            await asyncio.sleep(0)
        waiting = asyncio.ensure_future(context.run(request("second", session="s")))
        while len((await (await runs_of(context)).list()).items) < 2:
            await asyncio.sleep(0)
        target.may_end.set()
    outcomes = await asyncio.gather(first, waiting)
    assert {one.run.status for one in outcomes} <= {RunStatus.COMPLETED, RunStatus.FAILED}
    assert all(one.run.status.is_terminal for one in outcomes)


async def test_events_of_a_finished_background_run_are_whole() -> None:
    async with hosted(shout) as context:
        accepted = await context.start(request("x", background=True))
        await finished(context, accepted.run.id)
        assert [type(event).__name__ for event in await events_of(context, accepted.run.id)] == [
            "RunStarted",
            "RunCompleted",
        ]
