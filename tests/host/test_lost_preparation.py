"""Runs whose process ends before they begin, in the app's `run_hook` or in line."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from agent_host import AgentHost
from agent_host.adapters.function import target
from agent_host.host.record.request_record import COLLECTION, read_request
from agent_host.host.run.lost_preparation import LostPreparations
from agent_host.protocols.host_context import HostContext
from agent_host.runner.task_record import GRAVES, TASKS, WHOLE, read_task
from agent_host.stores.memory import MemoryStateStore
from agent_host.types import HostedResult, Run, RunStatus, TaskStatus, Turn
from tests.host.harness import acting_as, finished, request
from tests.host.killed import QUICK, SurvivingStore, process

LIMIT = 5


@pytest.fixture
async def store() -> AsyncIterator[MemoryStateStore]:
    async with MemoryStateStore() as store:
        yield store


async def echo(text: str) -> str:
    return text


class Hook:
    """Stands for every turn that begins with "poison"; its process is killed then. It does not when
    the request comes, before there is a run, where `passes`.
    """

    def __init__(self, *, passes: bool = False, is_mended: bool = False) -> None:
        self.asked: list[str] = []
        self._passes = passes
        self._is_mended = is_mended

    async def __call__(self, turn: Turn) -> Turn:
        passes = self._is_mended or (self._passes and turn.text not in self.asked)
        self.asked.append(turn.text)
        if turn.text.startswith("poison") and not passes:
            await asyncio.Event().wait()
        return turn

    async def until_asked(self, text: str, *, times: int = 1) -> None:
        while self.asked.count(text) < times:
            await asyncio.sleep(0)


async def start(context: HostContext, text: str) -> Run:
    return (await context.start(request(text, background=True))).run


async def poisoned(store: MemoryStateStore, *, lives: int) -> Run:
    """A run whose hook was at work as so many processes ended."""
    hook = Hook(passes=True)
    async with process(store, echo, run_hook=hook) as context:
        run = await start(context, "poison")
        await hook.until_asked("poison", times=2)
    for _ in range(lives - 1):
        hook = Hook()
        async with process(store, echo, run_hook=hook):
            await hook.until_asked("poison")
    return run


async def outcome_of(store: MemoryStateStore, run: Run, hook: Hook) -> HostedResult:
    async with process(store, echo, run_hook=hook) as context:
        return await finished(context, run.id)


async def statuses(store: MemoryStateStore) -> set[TaskStatus]:
    return {read_task(record).task.status for record in await store.scan(TASKS, WHOLE)}


async def test_a_hook_that_ends_every_process_is_not_asked_for_ever(
    store: MemoryStateStore,
) -> None:
    run = await poisoned(store, lives=LIMIT)
    hook = Hook(is_mended=True)
    outcome = await outcome_of(store, run, hook)
    assert outcome.run.failure is not None
    assert outcome.run.failure.code == "interrupted"
    assert outcome.run.attempt == 0
    assert hook.asked == []


async def test_a_hook_that_is_mended_in_time_is_asked(store: MemoryStateStore) -> None:
    run = await poisoned(store, lives=LIMIT - 1)
    outcome = await outcome_of(store, run, Hook(is_mended=True))
    assert outcome.run.status is RunStatus.COMPLETED
    assert outcome.run.attempt == 1


async def test_a_process_that_stops_in_order_while_a_hook_is_at_work_does_not_count(
    store: MemoryStateStore,
) -> None:
    run = await poisoned(store, lives=2)
    for _ in range(2 * LIMIT):
        hook = Hook()
        seen = SurvivingStore(store)
        host = AgentHost(echo, store=seen, run_hook=hook, run_policy=QUICK, grace=timedelta())
        async with host:
            with acting_as("alice"):
                await hook.until_asked("poison")
    (record,) = await store.scan(COLLECTION, run.owner.partition)
    assert read_request(record).lost_preparations == 1
    outcome = await outcome_of(store, run, Hook(is_mended=True))
    assert outcome.run.status is RunStatus.COMPLETED


async def test_only_the_one_whose_hook_is_at_work_is_blamed(store: MemoryStateStore) -> None:
    hook = Hook(passes=True)
    async with process(store, echo, run_hook=hook) as context:
        runs = [await start(context, text) for text in ("poison", "poison too")]
        await hook.until_asked("poison too", times=2)
    for _ in range(LIMIT):
        hook = Hook()
        async with process(store, echo, run_hook=hook):
            while not hook.asked:
                await asyncio.sleep(0)
        assert len(hook.asked) == 1
    async with process(store, echo, run_hook=Hook(is_mended=True)) as context:
        outcomes = [await finished(context, run.id) for run in runs]
    assert sorted(outcome.run.status for outcome in outcomes) == ["completed", "failed"]


async def test_a_hook_that_never_ends_keeps_nobody_from_being_made() -> None:
    class Counting:
        lost_preparations = 0

        async def count_preparations(self, lost: int) -> None:
            self.lost_preparations = lost

    lost = LostPreparations(patience=timedelta())
    first, second = Counting(), Counting()
    async with lost.counted(first), lost.counted(second):  # type: ignore[arg-type]
        assert (first.lost_preparations, second.lost_preparations) == (1, 0)
    assert (first.lost_preparations, second.lost_preparations) == (0, 0)


async def test_a_run_that_goes_on_has_no_dead_letter(store: MemoryStateStore) -> None:
    gate = asyncio.Event()

    @target(rerunnable=True)
    async def held(text: str) -> str:
        await gate.wait()
        return text

    async with process(store, held, run_hook=Hook()) as context:
        first = await start_in_line(context, "first")
        run = await start_in_line(context, "second")
        await until_started(store, 1)
    for life in range(2, LIMIT + 1):
        async with process(store, held, run_hook=Hook()):
            await until_started(store, life)
    gate.set()
    async with process(store, held, run_hook=Hook()) as context:
        for one in (first, run):
            assert (await finished(context, one.id)).run.status is RunStatus.COMPLETED
        while await statuses(store) & {TaskStatus.SCHEDULED, TaskStatus.ATTEMPTING}:
            await asyncio.sleep(0)
    assert await statuses(store) == {TaskStatus.SUCCEEDED, TaskStatus.CANCELLED}
    assert await store.scan(GRAVES, WHOLE) == []


async def start_in_line(context: HostContext, text: str) -> Run:
    return (await context.start(request(text, session="s", background=True))).run


async def until_started(store: MemoryStateStore, times: int) -> None:
    while min(read_task(one).task.starts for one in await store.scan(TASKS, WHOLE)) < times:
        await asyncio.sleep(0)
