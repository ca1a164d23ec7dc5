"""A session nobody can know of yet: its run takes its place in line once it is stored."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from agent_host.errors import SessionBusyError
from agent_host.types import (
    ConcurrencyPolicy,
    HostedResult,
    RunEvent,
    RunStatus,
    SessionPolicy,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    Turn,
)
from tests.host.harness import hosted, request, runs_of


class Slow:
    """Waits until it may end; says how much it remembers."""

    description = TargetDescription(name="slow")
    capabilities = TargetCapabilities(streams=True)

    def __init__(self) -> None:
        self.may_end = asyncio.Event()

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        await self.may_end.wait()
        count = 0 if turn.history is None else len(turn.history.messages)
        yield TextDelta(text=f"{turn.text} after {count}")


def text_of(outcome: HostedResult) -> str:
    return outcome.result.text if outcome.result else ""


@pytest.mark.parametrize("policy", [ConcurrencyPolicy.QUEUE, ConcurrencyPolicy.REJECT])
async def test_a_second_turn_does_not_overtake_the_first(policy: ConcurrencyPolicy) -> None:
    target = Slow()
    async with hosted(target, session_policy=SessionPolicy(concurrency=policy)) as context:
        first = asyncio.ensure_future(context.run(request("one")))
        runs = await runs_of(context)
        while not (listed := (await runs.list()).items):
            await asyncio.sleep(0)
        session = listed[0].session_id
        assert listed[0].status is RunStatus.RUNNING
        if policy is ConcurrencyPolicy.REJECT:
            with pytest.raises(SessionBusyError):
                await context.run(request("two", session=session))
            target.may_end.set()
        else:
            second = asyncio.ensure_future(context.run(request("two", session=session)))
            target.may_end.set()
            assert text_of(await second) == "two after 2"
        assert text_of(await first) == "one after 0"
        assert text_of(await context.run(request("three", session=session))).startswith("three")
