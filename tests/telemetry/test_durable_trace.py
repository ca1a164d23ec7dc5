"""A trace goes on through durable tasks, over a restart too."""

import asyncio
from datetime import timedelta
from typing import Any

from opentelemetry.trace import SpanKind

from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.store_double import SeverableStore
from agent_host.types import RunPolicy, RunStatus, SessionMode
from tests.host.harness import finished, hosted, request
from tests.telemetry.recording import Recording, attributes_of, context_of, parent_of
from tests.telemetry.target import Gated, echo


async def test_an_attempt_is_below_the_span_that_scheduled_it_and_links_to_it() -> None:
    recording = Recording()
    tracer = recording.telemetry.tracer_provider.get_tracer("caller")
    async with hosted(echo, telemetry=recording.telemetry) as context:
        with tracer.start_as_current_span("caller"):
            accepted = await context.start(request("x", background=True))
        await finished(context, accepted.run.id)
    scheduled, attempt = recording.one("schedule run"), recording.one("attempt run")
    assert scheduled.kind is SpanKind.PRODUCER
    assert attempt.kind is SpanKind.CONSUMER
    assert parent_of(scheduled) == context_of(recording.one("caller")).span_id
    assert parent_of(attempt) == context_of(scheduled).span_id
    assert [link.context.span_id for link in attempt.links] == [context_of(scheduled).span_id]
    assert parent_of(recording.one("run")) == context_of(attempt).span_id
    assert attributes_of(attempt)["agent_host.task.outcome"] == "succeeded"
    assert attributes_of(attempt)["agent_host.task.kind"] == "run"


async def test_a_background_run_goes_on_with_its_trace_after_a_restart() -> None:
    options: dict[str, Any] = {
        "run_policy": RunPolicy(background_limit=1, cancel_grace=timedelta(seconds=0.05)),
        "session_mode": SessionMode.DISABLED,
        "grace": timedelta(seconds=0.1),
    }
    async with MemoryStateStore() as store:
        before, target = Recording(), Gated()
        tracer = before.telemetry.tracer_provider.get_tracer("caller")
        async with hosted(
            target, store=SeverableStore(store), telemetry=before.telemetry, **options
        ) as context:
            await context.start(request("first", background=True))
            await target.began.wait()
            with tracer.start_as_current_span("caller") as caller:
                accepted = await context.start(request("second", background=True))
        assert before.named("attempt run")[0].links, "the first was under way"
        assert len(before.named("attempt run")) == 1, "the second was not begun"

        after = Recording()
        async with hosted(
            echo, store=SeverableStore(store), telemetry=after.telemetry, **options
        ) as context:
            outcome = await finished(context, accepted.run.id)
            while not after.named("attempt"):
                await asyncio.sleep(0)
    assert outcome.run.status is RunStatus.COMPLETED
    trace = caller.get_span_context().trace_id
    ours = [span for span in after.spans if context_of(span).trace_id == trace]
    names = [span.name for span in ours if span.name != "store commit"]
    assert names == ["attempt run", "run", "invoke_agent echo"]
    (link,) = ours[0].links
    scheduled = [s for s in before.named("schedule run") if context_of(s).trace_id == trace]
    assert link.context.span_id == context_of(scheduled[0]).span_id
