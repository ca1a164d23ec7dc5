"""Turns that meet on one session, by policy."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from agent_host.errors import QueueFullError, SessionBusyError
from agent_host.protocols.host_context import HostContext
from agent_host.types import (
    ConcurrencyPolicy,
    RunEvent,
    RunPolicy,
    RunStatus,
    SessionPolicy,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    Turn,
)
from tests.host.harness import CALLER, hosted, request, runs_of


class Gate:
    """A target that says when it has begun, and goes on when it may."""

    description = TargetDescription(name="gate")
    capabilities = TargetCapabilities(streams=True, steers=True)

    def __init__(self) -> None:
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.may_end = asyncio.Event()
        self.at_once = 0
        self.most_at_once = 0

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.begun.put_nowait(turn.text)
            await self.may_end.wait()
            steered = "".join(message.text for message in turn.steering.take())
            count = 0 if turn.history is None else len(turn.history.messages)
            yield TextDelta(text=f"{turn.text}{steered} after {count}")
        finally:
            self.at_once -= 1


def policy(concurrency: ConcurrencyPolicy, limit: int = 64) -> SessionPolicy:
    return SessionPolicy(concurrency=concurrency, queue_limit=limit)


async def test_queued_turns_run_one_by_one_in_order_and_none_is_lost() -> None:
    gate = Gate()
    async with hosted(gate) as context:
        runs = [asyncio.ensure_future(context.run(request(f"{n}", session="s"))) for n in range(50)]
        await gate.begun.get()
        gate.may_end.set()
        texts = [outcome.result.text for outcome in await asyncio.gather(*runs) if outcome.result]
        history = await (await context.sessions(CALLER)).get("s", limit=200)
    assert gate.most_at_once == 1
    assert len(history.messages) == 100
    asked = [message.text for message in history.messages if message.role == "user"]
    assert sorted(asked, key=int) == [str(n) for n in range(50)]
    assert asked == sorted(asked, key=int)
    assert texts[0] == "0 after 0"
    assert texts[5] == "5 after 10"


async def test_ten_thousand_turns_on_one_session_are_taken_or_told_to_come_back() -> None:
    gate = Gate()
    async with hosted(gate, session_policy=policy(ConcurrencyPolicy.QUEUE, limit=20)) as context:
        first = asyncio.ensure_future(context.run(request("first", session="s")))
        await gate.begun.get()
        others = [
            asyncio.ensure_future(context.run(request(f"{n}", session="s"))) for n in range(10_000)
        ]
        while sum(other.done() for other in others) < 9_980:
            await asyncio.sleep(0)
        gate.may_end.set()
        outcomes = await asyncio.gather(first, *others, return_exceptions=True)
        history = await (await context.sessions(CALLER)).get("s", limit=100)
    refused = [one for one in outcomes if isinstance(one, QueueFullError)]
    assert len(refused) == 9_980
    assert refused[0].retry_after.total_seconds() > 0
    assert "queue_limit" in str(refused[0])
    assert len(history.messages) == 2 * 21


async def test_reject_refuses_the_second_turn() -> None:
    gate = Gate()
    async with hosted(gate, session_policy=policy(ConcurrencyPolicy.REJECT)) as context:
        first = asyncio.ensure_future(context.run(request("first", session="s")))
        await gate.begun.get()
        with pytest.raises(SessionBusyError):
            await context.run(request("second", session="s"))
        other = asyncio.ensure_future(context.run(request("elsewhere", session="t")))
        gate.may_end.set()
        await asyncio.gather(first, other)
        assert (await context.run(request("third", session="s"))).run.status is RunStatus.COMPLETED


async def test_interrupt_cancels_the_first_turn_and_keeps_what_was_said() -> None:
    gate = Gate()
    async with hosted(gate, session_policy=policy(ConcurrencyPolicy.INTERRUPT)) as context:
        first = asyncio.ensure_future(context.run(request("first", session="s")))
        await gate.begun.get()
        second = asyncio.ensure_future(context.run(request("second", session="s")))
        gate.may_end.set()
        one, two = await asyncio.gather(first, second)
        history = await (await context.sessions(CALLER)).get("s")
    assert one.run.status in {RunStatus.CANCELLED, RunStatus.COMPLETED}
    assert two.run.status is RunStatus.COMPLETED
    assert [message.text for message in history.messages if message.role == "user"] == [
        "first",
        "second",
    ]


async def test_interrupt_stops_a_turn_that_does_not_listen() -> None:
    gate = Gate()
    async with hosted(
        gate,
        session_policy=policy(ConcurrencyPolicy.INTERRUPT),
        run_policy=RunPolicy(cancel_grace=timedelta(seconds=0.1)),
    ) as context:
        first = asyncio.ensure_future(context.run(request("first", session="s")))
        await gate.begun.get()
        second = asyncio.ensure_future(context.run(request("second", session="s")))
        assert (await first).run.status is RunStatus.CANCELLED
        gate.may_end.set()
        assert (await second).run.status is RunStatus.COMPLETED


async def test_steer_hands_the_turn_to_the_running_target() -> None:
    gate = Gate()
    async with hosted(gate, session_policy=policy(ConcurrencyPolicy.STEER)) as context:
        first = asyncio.ensure_future(context.run(request("go", session="s")))
        await gate.begun.get()
        second = asyncio.ensure_future(context.run(request(" left", session="s")))
        while (await _count_runs(context)) < 2:
            await asyncio.sleep(0)
        gate.may_end.set()
        one, two = await asyncio.gather(first, second)
        history = await (await context.sessions(CALLER)).get("s")
    assert one.result is not None
    assert two.result is not None
    assert one.result.text == two.result.text == "go left after 0"
    assert two.result.metadata["steered_into"] == one.run.id
    assert [message.text for message in history.messages] == ["go", " left", "go left after 0"]
    assert gate.begun.empty()


async def test_what_the_target_did_not_take_is_a_turn_of_its_own() -> None:
    gate = Gate()

    class Deaf(Gate):
        async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
            self.begun.put_nowait(turn.text)
            await self.may_end.wait()
            yield TextDelta(text=turn.text)

    gate = Deaf()
    async with hosted(gate, session_policy=policy(ConcurrencyPolicy.STEER)) as context:
        first = asyncio.ensure_future(context.run(request("go", session="s")))
        await gate.begun.get()
        second = asyncio.ensure_future(context.run(request("left", session="s")))
        while (await _count_runs(context)) < 2:
            await asyncio.sleep(0)
        gate.may_end.set()
        texts = [one.result.text for one in await asyncio.gather(first, second) if one.result]
    assert texts == ["go", "left"]


async def test_concurrent_runs_side_by_side() -> None:
    gate = Gate()
    async with hosted(gate, session_policy=policy(ConcurrencyPolicy.CONCURRENT)) as context:
        both = [asyncio.ensure_future(context.run(request(str(n), session="s"))) for n in range(2)]
        await gate.begun.get()
        await gate.begun.get()
        gate.may_end.set()
        await asyncio.gather(*both)
    assert gate.most_at_once == 2


async def test_a_turn_that_waits_can_be_cancelled_and_the_line_moves_on() -> None:
    gate = Gate()
    async with hosted(gate) as context:
        first = asyncio.ensure_future(context.run(request("first", session="s")))
        await gate.begun.get()
        waiting = await context.start(request("waits", session="s", background=True))
        third = asyncio.ensure_future(context.run(request("third", session="s")))
        view = await context.runs(CALLER)
        while (await _count_runs(context)) < 3:
            await asyncio.sleep(0)
        assert (await view.cancel(waiting.run.id)).status is RunStatus.CANCELLED
        gate.may_end.set()
        outcomes = await asyncio.gather(first, third)
    assert [one.run.status for one in outcomes] == [RunStatus.COMPLETED] * 2


async def test_nothing_is_kept_for_a_session_that_rests() -> None:
    gate = Gate()
    gate.may_end.set()
    async with hosted(gate) as context:
        for name in "abc":
            await context.run(request(session=name))
        while context.busy:
            await asyncio.sleep(0)
        assert not context._engine._gate._lines  # type: ignore[attr-defined] # where a leak is


async def _count_runs(context: HostContext) -> int:
    return len((await (await runs_of(context)).list()).items)
