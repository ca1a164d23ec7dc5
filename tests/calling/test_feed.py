"""A producer beside its generator: order, questions, failure and stopping."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from agent_host.calling.feed import Feed, run_producer
from agent_host.types import (
    Answer,
    CancelSignal,
    InputRequired,
    ProgressReported,
    Question,
    QuestionId,
    RunCancelled,
    RunEvent,
)


def said(number: int) -> ProgressReported:
    return ProgressReported(text=str(number))


async def collect(
    producer: Callable[[Feed], Awaitable[None]], signal: CancelSignal | None = None
) -> list[RunEvent]:
    return [event async for event in run_producer(producer, signal or CancelSignal())]


async def test_events_come_in_order_and_no_faster_than_they_are_read() -> None:
    made: list[int] = []

    async def producer(feed: Feed) -> None:
        for number in range(3):
            made.append(number)
            await feed.put(said(number))

    events = run_producer(producer, CancelSignal())
    assert await anext(events) == said(0)
    assert made == [0]
    assert [event async for event in events] == [said(1), said(2)]


async def test_questions_from_several_tasks_are_asked_one_after_another() -> None:
    got: list[object] = []

    async def producer(feed: Feed) -> None:
        async def ask(name: str) -> None:
            answer = await feed.ask(Question(id=QuestionId(name), prompt=name))
            got.append((name, answer.value))

        async with asyncio.TaskGroup() as group:
            for name in "ab":
                group.create_task(ask(name))

    events = run_producer(producer, CancelSignal())
    answer: Answer | None = None
    asked: list[str] = []
    try:
        while True:
            event = await events.asend(answer)
            assert isinstance(event, InputRequired)
            question = event.questions[0].id
            asked.append(question)
            answer = Answer(values={question: question.upper()})
    except StopAsyncIteration:
        pass
    assert asked == ["a", "b"]
    assert sorted(got, key=str) == [("a", "A"), ("b", "B")]


async def test_what_the_producer_raises_is_raised_after_what_it_said() -> None:
    async def producer(feed: Feed) -> None:
        feed.tell(said(1))
        message = "broken"
        raise ValueError(message)

    events = run_producer(producer, CancelSignal())
    assert await anext(events) == said(1)
    with pytest.raises(ValueError, match="broken"):
        await anext(events)


async def test_a_cancelled_run_stops_at_once_and_says_so_last() -> None:
    signal = CancelSignal()

    async def producer(feed: Feed) -> None:
        await feed.put(said(1))
        try:
            signal.set("caller")
            await asyncio.Event().wait()
        finally:
            feed.tell(said(2))

    assert await collect(producer, signal) == [said(1), said(2), RunCancelled(reason="caller")]


async def test_a_run_cancelled_after_its_end_has_ended() -> None:
    signal = CancelSignal()

    async def producer(feed: Feed) -> None:
        feed.tell(said(1))

    events = run_producer(producer, signal)
    assert await anext(events) == said(1)
    signal.set("caller")
    assert [event async for event in events] == []


async def test_a_closed_generator_has_stopped_its_producer() -> None:
    stopped = False

    async def producer(feed: Feed) -> None:
        nonlocal stopped
        try:
            await feed.put(said(1))
            await feed.put(said(2))
        finally:
            stopped = True

    events = run_producer(producer, CancelSignal())
    await anext(events)
    await events.aclose()
    assert stopped


async def test_a_question_resumed_without_an_answer_is_the_drivers_fault() -> None:
    async def producer(feed: Feed) -> None:
        await feed.ask(Question(prompt="?"))

    with pytest.raises(RuntimeError, match="without an answer"):
        await collect(producer)


async def test_an_answer_nobody_waits_for_any_more_is_let_go() -> None:
    async def producer(feed: Feed) -> None:
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(feed.ask(Question(prompt="?")))
            await feed.put(said(1))
            asking.cancel()
        await feed.put(said(2))

    events = run_producer(producer, CancelSignal())
    assert isinstance(await anext(events), ProgressReported)
    assert isinstance(await anext(events), InputRequired)
    assert await events.asend(Answer(values={})) == said(2)
