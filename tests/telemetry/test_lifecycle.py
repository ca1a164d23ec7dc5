"""The stations of runs, as sinks are told of them."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from typing import Any

from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.store_double import SeverableStore
from agent_host.types import (
    Answer,
    InputRequired,
    Question,
    QuestionId,
    RunEvent,
    RunPolicy,
    RunStatus,
    SessionMode,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    Turn,
)
from agent_host.types.lifecycle import RunLifecycle
from tests.host.harness import finished, hosted, request, runs_of
from tests.telemetry.recording import Recording
from tests.telemetry.target import Gated, busy, echo


class Kept:
    """Keeps what it is sent."""

    name = "kept"

    def __init__(self) -> None:
        self.events: list[RunLifecycle] = []

    async def send(self, events: Sequence[RunLifecycle]) -> None:
        self.events += events

    def phases(self, run_id: str) -> list[str]:
        return [event.phase.value for event in self.events if event.run_id == run_id]


class Raising:
    name = "raising"

    async def send(self, events: Sequence[RunLifecycle]) -> None:
        raise RuntimeError


class Resuming:
    """Asks, ends its stream, and is run again with the answer."""

    description = TargetDescription(name="resuming")
    capabilities = TargetCapabilities(streams=True, resumes=True)

    async def run(self, turn: Turn) -> AsyncGenerator[RunEvent, Answer | None]:
        if turn.answer is None:
            question = Question(id=QuestionId("q"), prompt="sure?", schema={"type": "string"})
            yield InputRequired(questions=(question,))
        else:
            yield TextDelta(text="thanks")


async def test_a_run_that_answers() -> None:
    sink = Kept()
    async with hosted(echo, event_sinks=[sink]) as context:
        outcome = await context.run(request("x", session="s"))
    assert sink.phases(outcome.run.id) == ["started", "completed"]
    last = sink.events[-1]
    assert (last.channel, last.operation, last.attempt) == ("test", "invoke", 1)
    assert last.session_id == outcome.run.session_id
    assert last.duration is not None
    assert last.failure is None


async def test_a_run_that_fails_says_why() -> None:
    sink = Kept()
    async with hosted(busy, event_sinks=[sink]) as context:
        outcome = await context.run(request("x"))
    assert sink.phases(outcome.run.id) == ["started", "failed"]
    assert (sink.events[-1].failure, sink.events[-1].retryable) == ("rate_limit", True)


async def test_what_an_sdk_raises_is_classified_for_the_caller_too() -> None:
    class RateLimitError(Exception):
        status_code = 429

    async def agent(text: str) -> str:
        raise RateLimitError(text)

    async with hosted(agent) as context:
        outcome = await context.run(request("a secret"))
    assert outcome.run.failure is not None
    assert (outcome.run.failure.code, outcome.run.failure.retryable) == ("rate_limit", True)
    assert "secret" not in outcome.run.failure.message


async def test_a_background_run_waits_first() -> None:
    sink = Kept()
    async with hosted(echo, event_sinks=[sink]) as context:
        accepted = await context.start(request("x", background=True))
        await finished(context, accepted.run.id)
    assert sink.phases(accepted.run.id) == ["queued", "started", "completed"]
    assert sink.events[1].queued_for is not None
    assert sink.events[1].background


async def test_a_question_and_its_answer() -> None:
    sink = Kept()
    async with hosted(Resuming(), event_sinks=[sink]) as context:
        asked = await context.run(request("x"))
        await (await runs_of(context)).answer(asked.run.id, {"q": "yes"})
        await finished(context, asked.run.id)
    assert sink.phases(asked.run.id) == ["started", "question", "resumed", "completed"]


async def test_a_question_that_nobody_answers_is_a_timeout() -> None:
    sink = Kept()
    policy = RunPolicy(answer_time_limit=timedelta(seconds=0.01))
    async with hosted(Resuming(), event_sinks=[sink], run_policy=policy) as context:
        asked = await context.run(request("x"))
        while sink.phases(asked.run.id)[-1:] != ["failed"]:
            await asyncio.sleep(0)
    assert (sink.events[-1].failure, sink.events[-1].failure_code) == ("timeout", "answer_timeout")


async def test_a_run_that_takes_too_long_is_a_timeout() -> None:
    sink = Kept()
    policy = RunPolicy(time_limit=timedelta(seconds=0.03), cancel_grace=timedelta(seconds=0.01))
    async with hosted(Gated(), event_sinks=[sink], run_policy=policy) as context:
        await context.run(request("x"))
    assert (sink.events[-1].phase, sink.events[-1].failure) == ("failed", "timeout")


async def test_a_cancelled_run() -> None:
    sink, target = Kept(), Gated()
    policy = RunPolicy(cancel_grace=timedelta(seconds=0.01))
    async with hosted(target, event_sinks=[sink], run_policy=policy) as context:
        accepted = await context.start(request("x", background=True))
        await target.began.wait()
        await (await runs_of(context)).cancel(accepted.run.id)
    assert sink.phases(accepted.run.id) == ["queued", "started", "cancelled"]


async def test_a_run_that_died_with_its_process_is_interrupted() -> None:
    sink, target = Kept(), Gated()
    options: dict[str, Any] = {
        "run_policy": RunPolicy(cancel_grace=timedelta(seconds=0.01)),
        "session_mode": SessionMode.DISABLED,
        "grace": timedelta(seconds=0.05),
    }
    async with MemoryStateStore() as store:
        severed = SeverableStore(store)
        async with hosted(target, store=severed, **options) as context:
            accepted = await context.start(request("x", background=True))
            await target.began.wait()
            severed.cut = True
        async with hosted(
            echo, store=SeverableStore(store), event_sinks=[sink], **options
        ) as context:
            outcome = await finished(context, accepted.run.id)
    assert outcome.run.status is RunStatus.FAILED
    assert sink.phases(accepted.run.id) == ["interrupted"]
    assert (sink.events[0].failure, sink.events[0].attempt) == ("interrupted", 1)


async def test_a_host_that_stops_says_that_it_interrupted() -> None:
    sink, target = Kept(), Gated()
    policy = RunPolicy(cancel_grace=timedelta(seconds=0.01))
    async with hosted(
        target, event_sinks=[sink], run_policy=policy, grace=timedelta(seconds=0.05)
    ) as context:
        accepted = await context.start(request("x", background=True))
        await target.began.wait()
    assert sink.phases(accepted.run.id) == ["queued", "started", "interrupted"]


async def test_an_end_that_cannot_be_stored_is_told_all_the_same() -> None:
    sink, target = Kept(), Gated()
    async with MemoryStateStore() as inner:
        store = SeverableStore(inner)
        async with hosted(
            target, store=store, event_sinks=[sink], session_mode=SessionMode.DISABLED
        ) as context:
            waiting = asyncio.ensure_future(context.run(request("x")))
            await target.began.wait()
            store.cut = True
            target.may_end.set()
            outcome = await waiting
    assert sink.phases(outcome.run.id) == ["started", "failed"]
    assert (sink.events[-1].failure, sink.events[-1].retryable) == ("dependency", True)


async def test_a_raising_sink_hurts_no_run_and_is_counted() -> None:
    recording = Recording()
    async with hosted(echo, event_sinks=[Raising()], telemetry=recording.telemetry) as context:
        outcomes = [await context.run(request(str(number))) for number in range(20)]
    assert {outcome.run.status for outcome in outcomes} == {RunStatus.COMPLETED}
    assert recording.total("agent_host.event_sink.dropped", agent_host__sink="raising") == 40
