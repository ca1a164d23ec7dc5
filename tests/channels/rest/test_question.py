"""A run that asks something, and the ways to answer it."""

from collections.abc import AsyncGenerator

import httpx
import pytest

from agent_host.types import Answer, InputRequired, Question, QuestionId, RunEvent, TextDelta
from tests.channels.rest.hosting import hosted, sent_events

SCHEMA = {"type": "boolean"}


async def ask(text: str) -> AsyncGenerator[RunEvent, Answer]:
    """Asks once for leave."""
    question = Question(prompt=f"May I {text}?", kind="approval", schema=SCHEMA)
    answer = yield InputRequired(questions=(question,))
    yield TextDelta(text=f"You said {answer.value}.")


async def ask_twice(text: str) -> AsyncGenerator[RunEvent, Answer]:
    """Asks two things at once."""
    answer = yield InputRequired(
        questions=tuple(Question(prompt=name, id=QuestionId(name)) for name in ("one", "two"))
    )
    yield TextDelta(text=f"{text} {answer.values[QuestionId('one')]}")


async def asked(client: httpx.AsyncClient) -> str:
    response = await client.post("/invocations", json={"input": "go"})
    assert response.status_code == 200
    assert response.json()["status"] == "input_required"
    run_id: str = response.json()["id"]
    return run_id


async def test_a_question_is_an_answer_with_its_schema() -> None:
    async with hosted(ask) as client:
        run = (await client.post("/invocations", json={"input": "go"})).json()
    assert run["status"] == "input_required"
    (question,) = run["questions"]
    assert question["prompt"] == "May I go?"
    assert question["kind"] == "approval"
    assert question["schema"] == SCHEMA
    assert run["output_text"] is None


async def test_answer_and_wait() -> None:
    async with hosted(ask) as client:
        run_id = await asked(client)
        response = await client.post(f"/invocations/{run_id}/answer", json={"answer": True})
    assert response.status_code == 200
    assert response.headers["x-run-id"] == run_id
    assert response.json()["status"] == "completed"
    assert response.json()["output_text"] == "You said True."


async def test_answer_and_follow_from_where_one_was() -> None:
    async with hosted(ask) as client:
        first = await client.post("/invocations", json={"input": "go", "stream": True})
        before = sent_events(first.text)
        assert before[-1].type == "input_required"
        run_id = first.headers["x-run-id"]
        response = await client.post(
            f"/invocations/{run_id}/answer",
            json={"answers": {before[-1].data["questions"][0]["id"]: False}},
            headers={"accept": "text/event-stream", "last-event-id": before[-1].id},
        )
        whole = sent_events((await client.get(f"/invocations/{run_id}/events")).text)
    after = sent_events(response.text)
    assert [event.type for event in after] == ["input_received", "text_delta", "run_completed"]
    assert before + after == whole


async def test_answer_and_leave() -> None:
    async with hosted(ask) as client:
        run_id = await asked(client)
        response = await client.post(
            f"/invocations/{run_id}/answer",
            json={"answer": True},
            headers={"prefer": "respond-async"},
        )
        events = await client.get(f"/invocations/{run_id}/events")
    assert response.status_code == 202
    assert response.json()["token"] == run_id
    assert response.headers["preference-applied"] == "respond-async"
    assert sent_events(events.text)[-1].type == "run_completed"


async def test_several_questions_are_answered_by_id() -> None:
    async with hosted(ask_twice) as client:
        run_id = await asked(client)
        path = f"/invocations/{run_id}/answer"
        alone = await client.post(path, json={"answer": 1})
        half = await client.post(path, json={"answers": {"one": 1}})
        whole = await client.post(path, json={"answers": {"one": 1, "two": 2}})
    assert (alone.status_code, alone.json()["code"]) == (409, "no_question")
    assert "one, two" in alone.json()["detail"]
    assert half.status_code in {409, 422}
    assert whole.json()["output_text"] == "go 1"


async def test_a_bad_answer_leaves_the_question_open() -> None:
    async with hosted(ask) as client:
        run_id = await asked(client)
        path = f"/invocations/{run_id}/answer"
        wrong = await client.post(path, json={"answer": "perhaps"})
        unknown = await client.post(path, json={"answers": {"made-up": True}})
        typo = await client.post(path, json={"anwser": True})
        form = await client.post(path, data={"answer": "true"})
        good = await client.post(path, json={"answer": True})
        late = await client.post(path, json={"answer": True})
        late_by_id = await client.post(path, json={"answers": {"x": True}})
    assert wrong.status_code == 422
    assert unknown.status_code == 409
    assert typo.status_code == 422
    assert form.status_code == 415
    assert good.status_code == 200
    assert (late.status_code, late.json()["code"]) == (409, "no_question")
    assert (late_by_id.status_code, late_by_id.json()["code"]) == (409, "no_question")


@pytest.mark.parametrize("path", ["events", "events?after=0"])
async def test_following_ends_at_the_open_question(path: str) -> None:
    async with hosted(ask) as client:
        run_id = await asked(client)
        events = sent_events((await client.get(f"/invocations/{run_id}/{path}")).text)
    assert events[-1].type == "input_required"


async def test_a_question_can_be_cancelled() -> None:
    async with hosted(ask) as client:
        run_id = await asked(client)
        response = await client.post(f"/invocations/{run_id}/cancel")
        events = sent_events((await client.get(f"/invocations/{run_id}/events")).text)
    assert response.status_code in {200, 202}
    assert events[-1].type == "run_cancelled"
