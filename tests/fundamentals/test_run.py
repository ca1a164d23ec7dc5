"""A run outlives its request: it is fetched later, asked, answered, stopped, followed again."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from pydantic import BaseModel

from agent_host.types import Answer, InputRequired, Question, RunCancelled, RunEvent, Turn
from tests.fundamentals.asking import events_in, hosted


async def test_run_in_the_background_and_poll() -> None:
    """202 says that the turn was accepted. Its location is where the run can be seen."""
    go_on = asyncio.Event()

    async def agent(text: str) -> str:
        await go_on.wait()
        return f"{text} is done"

    async with hosted(agent) as client:
        accepted = await client.post("/invocations", json={"input": "It", "background": True})
        run = accepted.headers["location"]
        before = (await client.get(run)).json()
        go_on.set()
        while (after := (await client.get(run)).json())["status"] != "completed":
            pass

    assert accepted.status_code == 202
    assert before["status"] in {"queued", "running"}
    assert after["output_text"] == "It is done"


async def test_ask_the_person_and_go_on_with_the_answer() -> None:
    """A generator yields a question and gets the answer from its `yield`. Meanwhile the run waits,
    in no request at all.
    """

    async def agent(text: str) -> AsyncGenerator[str | RunEvent, Answer]:
        answer = yield InputRequired(questions=(Question(prompt=f"What is {text}?"),))
        yield f"{text} is {answer.value}."

    async with hosted(agent) as client:
        asked = (await client.post("/invocations", json={"input": "it"})).json()
        path = f"/invocations/{asked['id']}/answer"
        answered = (await client.post(path, json={"answer": "a cat"})).json()

    assert (asked["status"], asked["questions"][0]["prompt"]) == ("input_required", "What is it?")
    assert answered["output_text"] == "it is a cat."


async def test_stop_a_run() -> None:
    """A run that is cancelled is asked to stop, and can tidy up before it does."""
    began, tidied_up = asyncio.Event(), asyncio.Event()

    async def agent(turn: Turn) -> AsyncIterator[RunEvent]:
        began.set()
        await turn.cancelled.wait()
        tidied_up.set()
        yield RunCancelled()

    async with hosted(agent) as client:
        accepted = await client.post("/invocations", json={"input": "go", "background": True})
        run = accepted.headers["location"]
        await began.wait()
        await client.post(f"{run}/cancel")
        await client.get(f"{run}/events")
        after = (await client.get(run)).json()

    assert after["status"] == "cancelled"
    assert tidied_up.is_set()


async def test_take_up_a_stream_that_broke_off() -> None:
    """Every event has a number. `Last-Event-ID` asks for what comes behind the last one seen."""

    async def agent(text: str) -> AsyncIterator[str]:
        for letter in text:
            yield letter

    async with hosted(agent) as client:
        whole = await client.post("/invocations", json={"input": "abc", "stream": True})
        events = f"{whole.headers['location']}/events"
        rest = await client.get(events, headers={"last-event-id": "1"})

    assert [event["sequence"] for event in events_in(rest.text)] == [2, 3, 4]
    assert events_in(rest.text) == events_in(whole.text)[2:]


class Order(BaseModel):
    """What the agent works on."""

    item: str
    count: int


async def test_give_the_target_typed_input() -> None:
    """A run hook makes the target's input out of the turn. What does not fit is 422, by field."""

    async def agent(turn: Turn) -> str:
        order = turn.input
        assert isinstance(order, Order)
        return f"{order.count} x {order.item}"

    def to_order(turn: Turn) -> Order:
        return Order.model_validate_json(turn.text)

    async with hosted(agent, run_hook=to_order) as client:
        good = await client.post("/invocations", json={"input": '{"item": "tea", "count": 2}'})
        bad = await client.post("/invocations", json={"input": '{"item": "tea", "count": "?"}'})

    assert good.json()["output_text"] == "2 x tea"
    assert bad.status_code == 422
    assert [problem["field"] for problem in bad.json()["errors"]] == ["count"]
