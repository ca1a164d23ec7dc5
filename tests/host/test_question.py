"""Questions and their answers: waiting in memory, and waiting in the store."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta

import pytest

from agent_host.errors import InvalidInputError, NoQuestionError, QuestionOpenError
from agent_host.types import (
    Answer,
    ConcurrencyPolicy,
    InputReceived,
    InputRequired,
    JsonValue,
    Question,
    QuestionId,
    RunCancelled,
    RunEvent,
    RunPolicy,
    RunStatus,
    SessionPolicy,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    Turn,
)
from tests.host.harness import entries_of, events_of, finished, hosted, request, runs_of

AGE = QuestionId("age")
DELETE = QuestionId("delete")
NAME = Question(prompt="Who are you?", schema={"type": "string", "minLength": 1})


async def greet(turn: Turn) -> AsyncGenerator[RunEvent, Answer]:
    yield TextDelta(text="Hello. ")
    answer = yield InputRequired(questions=(NAME,))
    yield TextDelta(text=f"Nice to meet you, {answer.value}. ")
    both = yield InputRequired(
        questions=(
            Question(prompt="Age?", id=AGE),
            Question(prompt="Delete?", kind="approval", id=DELETE),
        )
    )
    yield TextDelta(text=f"{both.values[AGE]} {both.values[DELETE]}")


class Resuming:
    """Is run again with its answer, as a graph with a checkpoint is."""

    description = TargetDescription(name="resuming")
    capabilities = TargetCapabilities(streams=True, resumes=True)

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        if turn.answer is None:
            yield TextDelta(text=f"{turn.text}: ")
            yield InputRequired(questions=(NAME,))
        else:
            yield TextDelta(text=f"it is {turn.answer.value}")


async def test_a_generator_gets_its_answers_where_it_asked() -> None:
    async with hosted(greet) as context:
        asked = await context.run(request())
        assert asked.run.status is RunStatus.INPUT_REQUIRED
        assert asked.result is None
        (question,) = asked.run.questions
        assert question.id.startswith("qst_")
        view = await runs_of(context)
        answered = await view.answer(asked.run.id, {question.id: "Ada"})
        assert answered.status is RunStatus.RUNNING
        assert len(await entries_of(context, asked.run.id, after=2)) > 0
        again = await view.get(asked.run.id)
        assert [one.id for one in again.run.questions] == ["age", "delete"]
        await view.answer(asked.run.id, {"age": 36, "delete": False})
        outcome = await finished(context, asked.run.id)
        events = await events_of(context, asked.run.id)
    assert outcome.result is not None
    assert outcome.result.text == "Hello. Nice to meet you, Ada. 36 False"
    assert [type(event).__name__ for event in events] == [
        "RunStarted",
        "TextDelta",
        "InputRequired",
        "InputReceived",
        "TextDelta",
        "InputRequired",
        "InputReceived",
        "TextDelta",
        "RunCompleted",
    ]
    received = [event for event in events if isinstance(event, InputReceived)]
    assert received[1].question_ids == ("age", "delete")


async def test_a_target_that_resumes_waits_in_the_store_only() -> None:
    async with hosted(Resuming()) as context:
        asked = await context.run(request("your name"))
        while context.busy:
            await asyncio.sleep(0)
        view = await runs_of(context)
        await view.answer(asked.run.id, {asked.run.questions[0].id: "Ada"})
        outcome = await finished(context, asked.run.id)
        history = await (await context.sessions(request().caller)).get(outcome.run.session_id or "")
    assert outcome.result is not None
    assert outcome.result.text == "your name: it is Ada"
    assert [message.text for message in history.messages] == ["your name", "your name: it is Ada"]


@pytest.mark.parametrize("target", [greet, Resuming()], ids=["generator", "resuming"])
async def test_a_wrong_answer_changes_nothing(target: object) -> None:
    async with hosted(target) as context:
        asked = await context.run(request())
        view = await runs_of(context)
        question = asked.run.questions[0].id
        with pytest.raises(InvalidInputError) as caught:
            await view.answer(asked.run.id, {question: ""})
        assert caught.value.problems[0][0] == question
        wrong: tuple[dict[str, JsonValue], ...] = (
            {},
            {"other": 1},
            {question: "Ada", "other": 1},
        )
        for values in wrong:
            with pytest.raises(NoQuestionError, match=question):
                await view.answer(asked.run.id, values)
        assert (await view.get(asked.run.id)).run.status is RunStatus.INPUT_REQUIRED


@pytest.mark.parametrize("target", [greet, Resuming()], ids=["generator", "resuming"])
async def test_only_the_first_of_two_answers_counts(target: object) -> None:
    async with hosted(target) as context:
        asked = await context.run(request("x"))
        view = await runs_of(context)
        question = asked.run.questions[0].id
        outcomes = await asyncio.gather(
            view.answer(asked.run.id, {question: "Ada"}),
            view.answer(asked.run.id, {question: "Eve"}),
            return_exceptions=True,
        )
        refused = [one for one in outcomes if isinstance(one, Exception)]
        assert len(refused) == 1
        events = await events_of(context, asked.run.id)
    assert len([event for event in events if isinstance(event, InputReceived)]) == 1


async def test_answers_to_no_question_are_refused() -> None:
    async with hosted(greet) as context:
        asked = await context.run(request())
        view = await runs_of(context)
        await view.cancel(asked.run.id)
        with pytest.raises(NoQuestionError, match="cancelled"):
            await view.answer(asked.run.id, {asked.run.questions[0].id: "Ada"})


@pytest.mark.parametrize("target", [greet, Resuming()], ids=["generator", "resuming"])
async def test_a_waiting_run_can_be_cancelled(target: object) -> None:
    async with hosted(target) as context:
        asked = await context.run(request())
        cancelled = await (await runs_of(context)).cancel(asked.run.id)
        assert cancelled.status is RunStatus.CANCELLED
        assert isinstance((await events_of(context, asked.run.id))[-1], RunCancelled)


@pytest.mark.parametrize("target", [greet, Resuming()], ids=["generator", "resuming"])
async def test_a_question_does_not_stay_open_for_ever(target: object) -> None:
    policy = RunPolicy(answer_time_limit=timedelta(seconds=0.1))
    async with hosted(target, run_policy=policy) as context:
        asked = await context.run(request())
        view = await runs_of(context)
        while not (outcome := await view.get(asked.run.id)).run.status.is_terminal:
            await asyncio.sleep(0)
    assert outcome.run.failure is not None
    assert outcome.run.failure.code == "answer_timeout"


@pytest.mark.parametrize("target", [greet, Resuming()], ids=["generator", "resuming"])
async def test_a_session_whose_run_asks_takes_no_other_turn(target: object) -> None:
    async with hosted(target) as context:
        asked = await context.run(request(session="s"))
        with pytest.raises(QuestionOpenError, match=asked.run.id):
            await context.run(request(session="s"))
        await (await runs_of(context)).cancel(asked.run.id)
        assert (await context.run(request(session="s"))).run.status is RunStatus.INPUT_REQUIRED


async def test_interrupting_ends_the_question() -> None:
    policy = SessionPolicy(concurrency=ConcurrencyPolicy.INTERRUPT)
    async with hosted(greet, session_policy=policy) as context:
        asked = await context.run(request(session="s"))
        again = await context.run(request(session="s"))
        first = await finished(context, asked.run.id)
    assert first.run.status is RunStatus.CANCELLED
    assert again.run.status is RunStatus.INPUT_REQUIRED


async def test_the_time_for_an_answer_is_not_the_targets() -> None:
    policy = RunPolicy(time_limit=timedelta(seconds=0.2))
    async with hosted(greet, run_policy=policy) as context:
        asked = await context.run(request())
        loop = asyncio.get_running_loop()
        passed = loop.create_future()
        loop.call_later(0.3, passed.set_result, None)  # longer than the target's own time
        await passed
        view = await runs_of(context)
        await view.answer(asked.run.id, {asked.run.questions[0].id: "Ada"})
        await entries_of(context, asked.run.id, after=2)
        assert (await view.get(asked.run.id)).run.status is RunStatus.INPUT_REQUIRED


async def thoughtful(_: Turn) -> AsyncGenerator[RunEvent, Answer]:
    answer = yield InputRequired(questions=(NAME,))
    loop = asyncio.get_running_loop()
    thought = loop.create_future()
    loop.call_later(0.1, thought.set_result, None)  # longer than a run is put off being stored
    await thought
    yield TextDelta(text=f"after some thought, {answer.value}")


async def test_a_target_has_its_whole_time_left_after_a_quick_question() -> None:
    async with hosted(thoughtful) as context:
        asked = await context.run(request())
        await (await runs_of(context)).answer(asked.run.id, {asked.run.questions[0].id: "Ada"})
        outcome = await finished(context, asked.run.id)
    assert outcome.run.status is RunStatus.COMPLETED
