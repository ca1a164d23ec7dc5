"""What becomes of runs whose process died."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import timedelta

import pytest

from agent_host import AgentHost
from agent_host.errors import StoreUnavailableError
from agent_host.host.record.run_record import read_run
from agent_host.protocols.host_context import HostContext
from agent_host.runner.task_record import TASKS, WHOLE, read_task
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import (
    Answer,
    ConcurrencyPolicy,
    HostedResult,
    InputRequired,
    Lease,
    Put,
    Question,
    QuestionId,
    Record,
    Run,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunPolicy,
    RunResult,
    RunStarted,
    RunStatus,
    SessionPolicy,
    TargetCapabilities,
    TargetDescription,
    TaskStatus,
    TextDelta,
    Turn,
    Write,
)
from tests.host.harness import (
    acting_as,
    entries_of,
    events_of,
    finished,
    hosted,
    request,
    runs_of,
)
from tests.host.killed import QUICK, SurvivingStore, process


@pytest.fixture
async def store() -> AsyncIterator[MemoryStateStore]:
    async with MemoryStateStore() as store:
        yield store


class Slow:
    """Says one word and stands, until it is told to go on."""

    description = TargetDescription(name="slow")

    def __init__(self, *, rerunnable: bool = False, goes_on: bool = False) -> None:
        self.capabilities = TargetCapabilities(streams=True, rerunnable=rerunnable)
        self.attempts: list[int] = []
        self._turns: list[Turn] = []
        self._goes_on = goes_on

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        self.attempts.append(turn.attempt)
        self._turns.append(turn)
        yield TextDelta(text=f"{turn.text} {turn.attempt}")
        if not self._goes_on:
            await asyncio.Event().wait()

    def told_to_stop(self) -> bool:
        """Whether the newest turn's signal is set."""
        return self._turns[-1].cancelled.is_set()


async def until_said(context: HostContext, run_id: str) -> None:
    view = await context.runs(request().caller)
    async for entry in view.events(run_id):
        if isinstance(entry.event, TextDelta):
            return


async def left_in_foreground(store: MemoryStateStore, target: object) -> Run:
    async with process(store, target) as context, context.stream(request("one")) as stream:
        async for entry in stream:
            if isinstance(entry.event, TextDelta):
                break
        return stream.run


async def left_in_background(store: MemoryStateStore, target: object) -> Run:
    async with process(store, target) as context:
        accepted = await context.start(request("one", background=True))
        await until_said(context, accepted.run.id)
        return accepted.run


async def after_restart(store: MemoryStateStore, target: object, run: Run) -> HostedResult:
    async with process(store, target) as context:
        return await finished(context, run.id)


async def test_a_foreground_run_is_failed_as_interrupted(store: MemoryStateStore) -> None:
    run = await left_in_foreground(store, Slow())
    again = Slow(goes_on=True)
    outcome = await after_restart(store, again, run)
    assert outcome.run.status is RunStatus.FAILED
    assert outcome.run.failure is not None
    assert outcome.run.failure.code == "interrupted"
    assert again.attempts == []


async def test_a_foreground_run_that_may_be_run_again_is(store: MemoryStateStore) -> None:
    run = await left_in_foreground(store, Slow(rerunnable=True))
    outcome = await after_restart(store, Slow(rerunnable=True, goes_on=True), run)
    assert outcome.run.status is RunStatus.COMPLETED
    assert outcome.run.attempt == 2
    assert outcome.result is not None
    assert outcome.result.text == "one 2"


async def test_the_policy_can_forbid_it(store: MemoryStateStore) -> None:
    run = await left_in_foreground(store, Slow(rerunnable=True))
    policy = RunPolicy(rerun_interrupted=False, cancel_grace=QUICK.cancel_grace)
    target = Slow(rerunnable=True, goes_on=True)
    async with process(store, target, run_policy=policy) as context:
        outcome = await finished(context, run.id)
    assert outcome.run.status is RunStatus.FAILED
    assert target.attempts == []


async def test_a_background_run_is_run_again_if_it_may_be(store: MemoryStateStore) -> None:
    run = await left_in_background(store, Slow(rerunnable=True))
    outcome = await after_restart(store, Slow(rerunnable=True, goes_on=True), run)
    assert outcome.run.status is RunStatus.COMPLETED
    assert outcome.run.attempt == 2


async def test_a_background_run_that_may_not_is_failed(store: MemoryStateStore) -> None:
    run = await left_in_background(store, Slow())
    outcome = await after_restart(store, Slow(goes_on=True), run)
    assert outcome.run.failure is not None
    assert outcome.run.failure.code == "interrupted"


async def test_a_stream_goes_on_across_the_restart_from_any_event(store: MemoryStateStore) -> None:
    run = await left_in_background(store, Slow(rerunnable=True))
    async with process(store, Slow(rerunnable=True, goes_on=True)) as context:
        entries = await entries_of(context, run.id)
        assert [entry.sequence for entry in entries] == list(range(len(entries)))
        kinds = [type(entry.event) for entry in entries]
        assert kinds == [RunStarted, TextDelta, RunStarted, TextDelta, RunCompleted]
        for position in range(len(entries)):
            assert await entries_of(context, run.id, after=position) == entries[position + 1 :]


async def test_a_run_that_kills_every_process_is_given_up(store: MemoryStateStore) -> None:
    run = await left_in_background(store, Slow(rerunnable=True))
    for _ in range(4):
        async with process(store, Slow(rerunnable=True)) as context:
            before = (await (await runs_of(context)).get(run.id)).run.attempt
            while (await (await runs_of(context)).get(run.id)).run.attempt == before:
                await asyncio.sleep(0)
    outcome = await after_restart(store, Slow(rerunnable=True, goes_on=True), run)
    assert outcome.run.attempt == 5
    assert outcome.run.failure is not None
    assert outcome.run.failure.code == "interrupted"


async def test_a_host_that_stops_in_order_hands_its_background_runs_on(
    store: MemoryStateStore,
) -> None:
    target = Slow(rerunnable=True)
    host = AgentHost(
        target, store=SurvivingStore(store), run_policy=QUICK, grace=timedelta(milliseconds=50)
    )
    async with host:
        with acting_as("alice"):
            accepted = await host.context.start(request("one", background=True))
            await until_said(host.context, accepted.run.id)
    outcome = await after_restart(store, Slow(rerunnable=True, goes_on=True), accepted.run)
    assert outcome.result is not None
    assert outcome.result.text == "one 2"
    assert target.attempts == [1]


@pytest.mark.parametrize("rerunnable", [True, False])
async def test_what_never_got_its_turn_is_handed_on_whatever_the_target_says(
    store: MemoryStateStore, *, rerunnable: bool
) -> None:
    target = Slow(rerunnable=rerunnable)
    host = AgentHost(
        target, store=SurvivingStore(store), run_policy=QUICK, grace=timedelta(milliseconds=50)
    )
    async with host:
        with acting_as("alice"):
            first = await host.context.start(request("one", session="s", background=True))
            await until_said(host.context, first.run.id)
            second = await host.context.start(request("two", session="s", background=True))
    again = Slow(rerunnable=rerunnable, goes_on=True)
    outcome = await after_restart(store, again, second.run)
    assert outcome.run.status is RunStatus.COMPLETED
    assert outcome.run.attempt == 1


async def test_what_stood_in_line_is_not_given_up_with_what_killed_five_processes(
    store: MemoryStateStore,
) -> None:
    turns: list[Run] = []
    for life in range(1, 6):
        target = Slow(rerunnable=True)
        async with process(store, target) as context:
            while len(turns) < 2:
                asked = request(f"{len(turns)}", session="s", background=True)
                turns.append((await context.start(asked)).run)
            while not target.attempts or await fewest_starts(store) < life:
                await asyncio.sleep(0)
        assert target.attempts == [life]
    held = Slow(rerunnable=True)
    async with process(store, held) as context:
        assert (await finished(context, turns[0].id)).run.status is RunStatus.FAILED
        await until_said(context, turns[1].id)
    outcome = await after_restart(store, Slow(rerunnable=True, goes_on=True), turns[1])
    assert outcome.run.status is RunStatus.COMPLETED
    assert outcome.run.attempt == 2


async def test_what_waits_for_its_turn_after_a_restart_has_not_begun_again(
    store: MemoryStateStore,
) -> None:
    at_once = SessionPolicy(concurrency=ConcurrencyPolicy.CONCURRENT)
    async with process(store, Slow(rerunnable=True), session_policy=at_once) as context:
        asked = [request(text, session="s", background=True) for text in ("one", "two")]
        runs = [(await context.start(each)).run for each in asked]
        for run in runs:
            await until_said(context, run.id)
    seen, target = SurvivingStore(store), Slow(rerunnable=True)
    async with AgentHost(target, store=seen, run_policy=QUICK, grace=timedelta()) as host:
        executed = host._engine.live  # pyright: ignore[reportPrivateUsage]
        while len(executed) < 2 or not target.attempts:
            await asyncio.sleep(0)
        await seen.kill()
    async with process(store, Slow(rerunnable=True, goes_on=True)) as context:
        outcomes = [await finished(context, run.id) for run in runs]
    assert [outcome.run.status for outcome in outcomes] == [RunStatus.COMPLETED] * 2
    assert sorted(outcome.run.attempt for outcome in outcomes) == [2, 3]


class LastingStore(SurvivingStore):
    """Takes no task that was replaced, and is cut off at a chosen beginning of a run."""

    def __init__(self, store: MemoryStateStore, *, cut_at: int = 0) -> None:
        super().__init__(store)
        self._cut_at = cut_at
        self.refused = 0

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        for write in [write for write in writes if isinstance(write, Put)]:
            if write.key.collection == TASKS:
                task = read_task(Record(write.key, write.value, 1)).task
                if task.status is TaskStatus.CANCELLED:
                    self.refused += 1
                    raise StoreUnavailableError
            if write.key.collection == "run":
                run, _ = read_run(Record(write.key, write.value, 1))
                self.cut = self.cut or run.attempt == self._cut_at
        return await super().commit(writes, fence=fence)


async def test_a_task_that_is_given_up_again_leaves_the_one_in_its_place_alone(
    store: MemoryStateStore,
) -> None:
    run = await left_in_background(store, Slow(rerunnable=True))
    for life in range(2, 6):
        seen, target = LastingStore(store, cut_at=5), Slow(rerunnable=True)
        async with AgentHost(target, store=seen, run_policy=QUICK, grace=timedelta()):
            while not seen.cut and target.attempts != [life]:
                await asyncio.sleep(0)
            await seen.kill()
        assert (target.attempts == []) == (life == 5)
    seen, target = LastingStore(store), Slow(rerunnable=True)
    async with AgentHost(target, store=seen, run_policy=QUICK, grace=timedelta()) as host:
        while target.attempts != [5]:
            await asyncio.sleep(0)
        before = seen.refused
        while seen.refused == before:
            await asyncio.sleep(0)
        with acting_as("alice"):
            kept = await (await runs_of(host.context)).get(run.id)
        assert kept.run.status is RunStatus.RUNNING
        await seen.kill()
    outcome = await after_restart(store, Slow(rerunnable=True), run)
    assert outcome.run.status is RunStatus.FAILED
    assert outcome.run.attempt == 5


async def fewest_starts(store: MemoryStateStore) -> int:
    """Of all tasks that are kept."""
    return min(read_task(record).task.starts for record in await store.scan(TASKS, WHOLE))


async def test_what_its_caller_cancelled_is_not_handed_on(store: MemoryStateStore) -> None:
    target = Slow(rerunnable=True)
    policy = RunPolicy(cancel_grace=timedelta(seconds=1))
    host = AgentHost(
        target, store=SurvivingStore(store), run_policy=policy, grace=timedelta(milliseconds=50)
    )
    async with host:
        with acting_as("alice"):
            accepted = await host.context.start(request("one", background=True))
            await until_said(host.context, accepted.run.id)
            cancelling = asyncio.ensure_future(
                (await runs_of(host.context)).cancel(accepted.run.id)
            )
            while not target.told_to_stop():
                await asyncio.sleep(0)
    assert (await cancelling).status is RunStatus.CANCELLED
    outcome = await after_restart(store, Slow(rerunnable=True, goes_on=True), accepted.run)
    assert outcome.run.status is RunStatus.CANCELLED


async def ask(turn: Turn) -> AsyncGenerator[RunEvent, Answer]:
    answer = yield InputRequired(questions=(Question(prompt="Who?", id=QuestionId("who")),))
    yield TextDelta(text=str(answer.value))


async def test_a_question_that_stood_in_memory_is_over(store: MemoryStateStore) -> None:
    async with process(store, ask) as context:
        asked = await context.run(request())
        assert asked.run.status is RunStatus.INPUT_REQUIRED
    async with process(store, ask) as context:
        while (await (await runs_of(context)).get(asked.run.id)).run.status is not RunStatus.FAILED:
            await asyncio.sleep(0)


class Asking:
    """Is run again with each answer; asks twice."""

    description = TargetDescription(name="asking")
    capabilities = TargetCapabilities(resumes=True)

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        asked = 0 if turn.answer is None else int(str(next(iter(turn.answer.values))))
        if asked < 2:
            name = QuestionId(str(asked + 1))
            yield InputRequired(questions=(Question(prompt="More?", id=name),))
        else:
            yield RunCompleted(result=RunResult.of_text("done"))


async def test_a_question_in_the_store_is_answered_to_the_next_process(
    store: MemoryStateStore,
) -> None:
    async with process(store, Asking()) as context:
        asked = await context.run(request())
    async with process(store, Asking()) as context:
        view = await runs_of(context)
        run = await view.answer(asked.run.id, {"1": "yes"})
        while run.status is not RunStatus.INPUT_REQUIRED or run.questions[0].id != "2":
            run = (await view.get(run.id)).run
            await asyncio.sleep(0)
    async with process(store, Asking()) as context:
        view = await runs_of(context)
        await view.answer(asked.run.id, {"2": "yes"})
        outcome = await finished(context, asked.run.id)
    assert outcome.run.status is RunStatus.COMPLETED


async def test_the_time_of_an_earlier_question_does_not_end_a_later_one() -> None:
    clock = ManualClock()
    half = RunPolicy().answer_time_limit / 2
    store = MemoryStateStore(clock=clock)
    async with hosted(Asking(), store=store, clock=clock) as context:
        asked = await context.run(request())
        view = await runs_of(context)
        clock.advance(half)
        run = await view.answer(asked.run.id, {"1": "yes"})
        while run.status is not RunStatus.INPUT_REQUIRED or run.questions[0].id != "2":
            run = (await view.get(run.id)).run
            await asyncio.sleep(0)
        clock.advance(half + timedelta(minutes=1))
        expired = await context.start(request("other", background=True))
        await entries_of(context, expired.run.id)
        assert (await view.get(run.id)).run.status is RunStatus.INPUT_REQUIRED
        clock.advance(half)
        while not (run := (await view.get(run.id)).run).status.is_terminal:
            await asyncio.sleep(0)
    assert run.failure is not None
    assert run.failure.code == "answer_timeout"


async def test_what_is_left_is_cleared_away(store: MemoryStateStore) -> None:
    for target in (Slow(), Slow(rerunnable=True)):
        run = await left_in_foreground(store, target)
        again = Slow(rerunnable=target.capabilities.rerunnable, goes_on=True)
        async with process(store, again) as context:
            await finished(context, run.id)
            events = await events_of(context, run.id)
            assert isinstance(events[-1], RunCompleted | RunFailed)
            for collection, partition in (
                ("run_live", "all"),
                ("run_request", run.owner.partition),
            ):
                assert not await store.scan(collection, partition)
