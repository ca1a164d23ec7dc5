"""A run from its first event to its result."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from agent_host.errors import NotFoundError, RequestError
from agent_host.types import (
    ArtifactChunk,
    DataPart,
    ErrorPart,
    FilePart,
    Message,
    PartAdded,
    ProgressReported,
    ReasoningDelta,
    ReasoningPart,
    RunCancelled,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunFailure,
    RunResult,
    RunStarted,
    RunStatus,
    StateChanged,
    StepFinished,
    StepStarted,
    TextDelta,
    TextPart,
    ToolCallFinished,
    ToolCallPart,
    ToolCallStarted,
    ToolResultPart,
    Turn,
    Usage,
    UsageReported,
)
from tests.host.harness import CALLER, acting_as, entries_of, events_of, hosted, request, runs_of


async def shout(text: str) -> str:
    return text.upper()


async def test_a_function_answers() -> None:
    async with hosted(shout) as context:
        outcome = await context.run(request("hello"))
    assert outcome.run.status is RunStatus.COMPLETED
    assert outcome.result is not None
    assert outcome.result.text == "HELLO"


async def count(_: Turn) -> AsyncIterator[RunEvent]:
    for number in range(500):
        yield TextDelta(text=f"{number} ")


async def test_sequence_numbers_have_no_gaps_and_a_stream_can_be_joined_anywhere() -> None:
    async with hosted(count) as context:
        outcome = await context.run(request())
        whole = await entries_of(context, outcome.run.id)
        assert [entry.sequence for entry in whole] == list(range(502))
        for after in (-1, 0, 250, 499, 500):
            assert await entries_of(context, outcome.run.id, after) == whole[after + 1 :]


async def test_a_blocking_answer_is_the_collected_stream() -> None:
    async with hosted(count) as context:
        blocking = await context.run(request())
        async with context.stream(request()) as stream:
            last = [entry.event async for entry in stream][-1]
    assert isinstance(last, RunCompleted)
    assert blocking.result == last.result
    assert last.result.text.startswith("0 1 2 ")


async def everything(_: Turn) -> AsyncIterator[RunEvent]:
    yield ProgressReported(text="thinking")
    yield StepStarted(step_id="one", name="One")
    yield ReasoningDelta(text="hm")
    yield TextDelta(text="I look ")
    yield TextDelta(text="it up.")
    yield ToolCallStarted(call_id="c1", name="search", arguments={"q": "x"})
    yield ToolCallFinished(call_id="c1", name="search", result=["y"])
    yield StateChanged(patch=[{"op": "add", "path": "/a", "value": 1}])
    yield PartAdded(part=FilePart(media_type="image/png", data=b"\x89PNG"))
    yield PartAdded(part=DataPart(data={"k": [1, None]}))
    yield PartAdded(part=ErrorPart(code="half", message="not all of it"))
    yield ArtifactChunk(artifact_id="a", name="report", parts=(TextPart(text="1"),), last=False)
    yield ArtifactChunk(artifact_id="a", parts=(TextPart(text="2"),), append=True)
    yield UsageReported(usage=Usage(input_tokens=1, requests=1))
    yield UsageReported(usage=Usage(output_tokens=2, requests=1))
    yield StepFinished(step_id="one", output={"deep": [1]})


async def test_every_kind_of_part_and_event_reaches_journal_and_result() -> None:
    async with hosted(everything) as context:
        outcome = await context.run(request())
        events = await events_of(context, outcome.run.id)
    given = [event async for event in everything(None)]  # type: ignore[arg-type] # takes no look
    assert isinstance(events[0], RunStarted)
    assert events[1:-1] == given
    result = outcome.result
    assert result is not None
    assert result.messages == (
        Message(
            role="assistant",
            parts=(
                ReasoningPart(text="hm"),
                TextPart(text="I look it up."),
                ToolCallPart(call_id="c1", name="search", arguments={"q": "x"}),
            ),
        ),
        Message(role="tool", parts=(ToolResultPart(call_id="c1", name="search", result=["y"]),)),
        Message(
            role="assistant",
            parts=(
                FilePart(media_type="image/png", data=b"\x89PNG"),
                DataPart(data={"k": [1, None]}),
                ErrorPart(code="half", message="not all of it"),
            ),
        ),
    )
    assert result.outputs == {"one": {"deep": [1]}}
    assert result.usage == Usage(input_tokens=1, output_tokens=2, requests=2)
    (artifact,) = result.artifacts
    assert artifact.name == "report"
    assert artifact.parts == (TextPart(text="1"), TextPart(text="2"))


async def ends_as_told(turn: Turn) -> AsyncIterator[RunEvent]:
    yield TextDelta(text="so far")
    match turn.text:
        case "fail":
            yield RunFailed(failure=RunFailure(code="no_luck", message="No luck today."))
        case "cancel":
            yield RunCancelled()
        case "value":
            yield RunCompleted(result=RunResult(value={"n": 1}))
        case _:
            pass


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("fail", RunStatus.FAILED),
        ("cancel", RunStatus.CANCELLED),
        ("value", RunStatus.COMPLETED),
        ("nothing", RunStatus.COMPLETED),
    ],
)
async def test_a_generator_chooses_how_its_run_ends(text: str, status: RunStatus) -> None:
    async with hosted(ends_as_told) as context:
        outcome = await context.run(request(text))
        again = await (await runs_of(context)).get(outcome.run.id)
    assert outcome.run.status is status
    assert again == outcome
    if text == "fail":
        assert outcome.run.failure == RunFailure(code="no_luck", message="No luck today.")
    if text == "value":
        assert outcome.result is not None
        assert outcome.result.value == {"n": 1}
        assert outcome.result.text == "so far"


async def test_own_runs_are_listed_newest_first_page_by_page() -> None:
    async with hosted(shout) as context:
        ids = [(await context.run(request(str(n)))).run.id for n in range(5)]
        with acting_as("bob"):
            await context.run(request("not alice's"))
        view = await runs_of(context)
        found: list[str] = []
        cursor = None
        while True:
            page = await view.list(cursor=cursor, limit=2)
            found += [run.id for run in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert sorted(found) == sorted(ids)
        assert found[0][:16] >= found[-1][:16]
        with pytest.raises(RequestError, match="cursor"):
            await view.list(cursor="made up")
        with pytest.raises(RequestError, match="limit"):
            await view.list(limit=0)


async def test_a_foreign_run_reads_exactly_as_a_missing_one() -> None:
    async with hosted(shout) as context:
        run_id = (await context.run(request())).run.id
        with acting_as("bob"):
            view = await runs_of(context)
            for wanted in (run_id, "run_made_up", "", "../run"):
                calls = [
                    view.get(wanted),
                    view.cancel(wanted),
                    view.answer(wanted, {}),
                    anext(view.events(wanted)),
                ]
                for call in calls:
                    with pytest.raises(NotFoundError) as caught:
                        await call
                    assert str(caught.value) == "There is no such run."


async def test_metadata_comes_back_unread() -> None:
    async with hosted(shout) as context:
        outcome = await context.run(request(metadata={"ticket": 7}))
    assert outcome.run.metadata == {"ticket": 7}
    assert outcome.run.channel == CALLER.channel


async def test_an_empty_input_is_refused() -> None:
    async with hosted(shout) as context:
        empty = request()
        with pytest.raises(RequestError, match="empty"):
            await context.run(type(empty)(caller=CALLER, input=()))


async def test_a_run_that_was_cancelled_is_cancelled_whatever_its_target_returns() -> None:
    begun = asyncio.Event()

    async def obliging(turn: Turn) -> str:
        begun.set()
        await turn.cancelled.wait()
        return "stopped where I was"

    async with hosted(obliging) as context:
        waiting = asyncio.ensure_future(context.run(request(session="s")))
        await begun.wait()
        view = await runs_of(context)
        (running,) = (await view.list()).items
        cancelled = await view.cancel(running.id)
        assert cancelled.status is RunStatus.CANCELLED
        assert (await waiting).result is None


async def test_metadata_that_json_has_no_word_for_is_kept_or_refused() -> None:
    deep: list[object] = []
    for _ in range(220):
        deep = [deep]
    async with hosted(shout) as context:
        outcome = await context.run(request(metadata={"n": float("inf")}))
        kept = await (await runs_of(context)).get(outcome.run.id)
        assert kept.run.metadata == {"n": float("inf")}
        refused = await context.run(request(metadata={"deep": deep}))
        assert refused.run.status is RunStatus.FAILED


async def test_what_there_is_by_now_is_had_without_waiting() -> None:
    go_on = asyncio.Event()

    async def speak(turn: Turn) -> AsyncIterator[str]:
        for number in range(300):
            yield f"{number} "
        await go_on.wait()
        yield "done"

    async with hosted(speak) as context:
        started = await context.start(request("x"))
        view = await runs_of(context)
        while len(await view.entries(started.run.id)) < 301:
            await asyncio.sleep(0)
        entries = await view.entries(started.run.id)
        go_on.set()
        assert entries == (await entries_of(context, started.run.id))[:301]
        with pytest.raises(NotFoundError):
            await view.entries("run_nothing")
        with acting_as("mallory"), pytest.raises(NotFoundError):
            await (await runs_of(context)).entries(started.run.id)
