"""Background turns of a session never leave it stuck, nor out of order."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from agent_host.errors import InvalidInputError, StoreUnavailableError
from agent_host.protocols.host_context import HostContext
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_double import SeverableStore
from agent_host.types import (
    Key,
    Record,
    RunCancelled,
    RunEvent,
    RunPolicy,
    RunStatus,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    Turn,
)
from tests.host.harness import CALLER, acting_as, events_of, finished, hosted, request, runs_of
from tests.host.killed import QUICK, process


class Waiting:
    """Notes its turns, and goes on when it may."""

    description = TargetDescription(name="waiting")
    capabilities = TargetCapabilities(streams=True, rerunnable=True)

    def __init__(self, *, stops_at: Sequence[str] = ()) -> None:
        self.begun: list[str] = []
        self.may_end = asyncio.Event()
        self._stops_at = stops_at

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        self.begun.append(turn.text)
        yield TextDelta(text=turn.text)
        if turn.text in self._stops_at:
            await self.may_end.wait()

    async def until_begun(self, text: str) -> None:
        while text not in self.begun:
            await asyncio.sleep(0)


async def start(context: HostContext, text: str, session: str | None = None) -> str:
    accepted = await context.start(request(text, background=True, session=session))
    return accepted.run.id


async def said_in(context: HostContext, session: str) -> list[str]:
    history = await (await context.sessions(CALLER)).get(session)
    return [message.text for message in history.messages if message.role == "user"]


async def test_a_turn_that_cannot_be_prepared_leaves_its_session() -> None:
    calls = 0

    async def hook(turn: Turn) -> Turn:
        nonlocal calls
        calls += 1
        if calls == 2:
            message = "Not now."
            raise InvalidInputError(message)
        return turn

    async with hosted(Waiting(), run_hook=hook) as context:
        failed = await finished(context, await start(context, "one", "s"))
        outcome = await context.run(request("two", session="s"))
    assert failed.run.status is RunStatus.FAILED
    assert outcome.run.status is RunStatus.COMPLETED


class Forgetful(SeverableStore):
    """Cannot be read, once, where a task reads its run."""

    fails = False

    async def get(self, key: Key) -> Record | None:
        if key.collection == "run_request" and self.fails:
            self.fails = False
            message = "The disk did not answer."
            raise StoreUnavailableError(message)
        return await super().get(key)


async def test_a_turn_that_could_not_be_read_leaves_its_session_and_comes_back() -> None:
    clock = ManualClock()
    async with MemoryStateStore(clock=clock) as memory:
        store = Forgetful(memory)
        async with hosted(Waiting(), store=store, clock=clock) as context:
            store.fails = True
            run_id = await start(context, "one", "s")
            while store.fails:
                await asyncio.sleep(0)
            outcome = await context.run(request("two", session="s"))
            assert outcome.run.status is RunStatus.COMPLETED
            ended = asyncio.ensure_future(finished(context, run_id))
            while not ended.done():
                await clock.until_sleeping()
                clock.advance(timedelta(seconds=1))
                await asyncio.sleep(0)
            assert ended.result().run.status is RunStatus.COMPLETED
            assert await said_in(context, "s") == ["two", "one"]


async def test_after_a_restart_queued_turns_of_a_session_keep_their_order() -> None:
    names = [str(number) for number in range(8)]
    async with MemoryStateStore() as store:
        policy = RunPolicy(background_limit=1, cancel_grace=QUICK.cancel_grace)
        stuck = Waiting(stops_at=["stuck"])
        async with process(store, stuck, run_policy=policy) as context:
            await start(context, "stuck")
            await stuck.until_begun("stuck")
            for name in names:
                await start(context, name, "s")
        again = Waiting()
        async with process(store, again) as context:
            for run in (await (await runs_of(context)).list()).items:
                await finished(context, run.id)
            assert await said_in(context, "s") == names


async def test_turns_that_wait_for_one_that_is_queued_do_not_keep_it_from_running() -> None:
    came_in, may_go = asyncio.Event(), asyncio.Event()

    async def hook(turn: Turn) -> Turn:
        if turn.text == "one" and not may_go.is_set():
            came_in.set()
            await may_go.wait()
        return turn

    target = Waiting()
    policy = RunPolicy(background_limit=2)
    async with hosted(target, run_hook=hook, run_policy=policy) as context:
        await start(context, "zero", "s")
        first = asyncio.ensure_future(start(context, "one", "s"))
        await came_in.wait()
        others = [await start(context, text, "s") for text in ("two", "three", "four")]
        may_go.set()
        for run_id in (await first, *others):
            outcome = await finished(context, run_id)
            assert outcome.run.status is RunStatus.COMPLETED
    assert sorted(target.begun) == ["four", "one", "three", "two", "zero"]


async def test_a_queued_turn_that_is_cancelled_leaves_its_session() -> None:
    target = Waiting(stops_at=["busy"])
    async with hosted(target, run_policy=RunPolicy(background_limit=1)) as context:
        busy = await start(context, "busy")
        await target.until_begun("busy")
        queued = await start(context, "queued", "s")
        cancelled = await (await runs_of(context)).cancel(queued)
        assert cancelled.status is RunStatus.CANCELLED
        outcome = await context.run(request("now", session="s"))
        assert outcome.run.status is RunStatus.COMPLETED
        target.may_end.set()
        await finished(context, busy)
    assert target.begun == ["busy", "now"]


async def test_a_run_that_is_cancelled_as_it_begins_is_seen_to_be_cancelled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    calls = 0

    async def hook(turn: Turn) -> Turn:
        nonlocal calls
        calls += 1
        if calls == 2:
            with acting_as("alice"):
                await (await runs_of(context)).cancel(turn.run_id)
        return turn

    target = Waiting()
    async with hosted(target, run_hook=hook) as context:
        events = await events_of(context, await start(context, "one", "s"))
        outcome = await context.run(request("two", session="s"))
    assert isinstance(events[-1], RunCancelled)
    assert outcome.run.status is RunStatus.COMPLETED
    assert target.begun == ["two"]
    assert "could not be stored" not in caplog.text
