"""Commits that fail without saying whether they were done."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from agent_host.adapters.function import target
from agent_host.errors import StoreFullError, StoreUnavailableError
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_double import SeverableStore
from agent_host.types import (
    Lease,
    RunCancelled,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunStatus,
    TextDelta,
)
from agent_host.types.store import Append, Write
from tests.host.harness import acting_as, entries_of, hosted, request, runs_of

STATUS: dict[type[RunEvent], RunStatus] = {
    RunCompleted: RunStatus.COMPLETED,
    RunFailed: RunStatus.FAILED,
    RunCancelled: RunStatus.CANCELLED,
}


class DoubtfulStore(SeverableStore):
    """Fails at one commit of a run, after it is done or before."""

    def __init__(self, store: MemoryStateStore, *, fails_at: int, done: bool) -> None:
        super().__init__(store)
        self._left = fails_at
        self._done = done
        self.failed = False

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        if any(isinstance(write, Append) for write in writes):
            self._left -= 1
            if self._left == 0:
                self.failed = True
                if self._done:
                    await super().commit(writes, fence=fence)
                message = "The disk did not answer."
                raise StoreUnavailableError(message)
        return await super().commit(writes, fence=fence)


async def count(_: str) -> AsyncIterator[str]:
    for number in range(3):
        yield str(number)


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("fails_at", range(1, 6))
@pytest.mark.parametrize("background", [True, False])
async def test_the_story_has_no_gap_and_one_end(
    fails_at: int, *, done: bool, background: bool
) -> None:
    async with MemoryStateStore() as memory:
        store = DoubtfulStore(memory, fails_at=fails_at, done=done)
        async with hosted(count, store=store) as context:
            try:
                if background:
                    run_id = (await context.start(request(background=True))).run.id
                    entries = await entries_of(context, run_id)
                else:
                    async with context.stream(request()) as stream:
                        run_id = stream.run.id
                        entries = [entry async for entry in stream]
            except StoreUnavailableError:
                assert fails_at == 1
                return
            run = (await (await runs_of(context)).get(run_id)).run
            assert await entries_of(context, run_id) == entries
    assert [entry.sequence for entry in entries] == list(range(len(entries)))
    assert STATUS[type(entries[-1].event)] is run.status
    said = [entry.event.text for entry in entries if isinstance(entry.event, TextDelta)]
    assert said == ["0", "1", "2"][: len(said)]
    if run.status is RunStatus.COMPLETED:
        assert len(said) == 3


class FullForAWhile(SeverableStore):
    """Takes no end of a run, so many times."""

    def __init__(self, store: MemoryStateStore, *, refusals: int) -> None:
        super().__init__(store)
        self.left = refusals

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        ends = any(isinstance(write, Append) and write.time_to_live for write in writes)
        if ends and self.left:
            self.left -= 1
            message = "The disk is full."
            raise StoreFullError(message)
        return await super().commit(writes, fence=fence)


@pytest.mark.parametrize("rerunnable", [True, False])
async def test_a_background_run_whose_end_could_not_be_stored_ends_later(
    *, rerunnable: bool
) -> None:
    clock = ManualClock()

    @target(rerunnable=rerunnable)
    async def shout(text: str) -> str:
        return text.upper()

    async with MemoryStateStore(clock=clock) as memory:
        store = FullForAWhile(memory, refusals=2)
        async with hosted(shout, store=store, clock=clock) as context:
            run_id = (await context.start(request(background=True))).run.id
            view = await runs_of(context)
            while not (run := (await view.get(run_id)).run).status.is_terminal:
                if not store.left:
                    clock.advance(timedelta(seconds=1))
                await asyncio.sleep(0)
    assert run.status is (RunStatus.COMPLETED if rerunnable else RunStatus.FAILED)


async def test_an_answer_that_was_stored_is_given() -> None:
    async def shout(text: str) -> str:
        return text.upper()

    async with MemoryStateStore() as memory:
        store = DoubtfulStore(memory, fails_at=1, done=True)
        async with hosted(shout, store=store) as context:
            with acting_as("alice"):
                outcome = await context.run(request("hello"))
    assert store.failed
    assert outcome.run.status is RunStatus.COMPLETED
    assert outcome.result is not None
    assert outcome.result.text == "HELLO"
