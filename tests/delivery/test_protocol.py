"""What callers of each protocol are told when their answer goes elsewhere: in its own shape."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from openai import BadRequestError

from agent_host.types import NONE, Turn
from tests.channels.a2a.hosting import COMPLETED, events, message, result, said, send
from tests.channels.a2a.hosting import hosted as a2a_hosted
from tests.channels.a2a.receiver import allowing, receiving
from tests.channels.openai.hosting import hosted as openai_hosted
from tests.channels.openai.hosting import streamed
from tests.channels.rest.hosting import hosted as rest_hosted
from tests.channels.rest.hosting import sent_events


async def shout(text: str) -> str:
    return text.upper()


def for_nobody(turn: Turn) -> Turn:
    turn.route.send_to(NONE)
    return turn


async def keep(turn: Turn) -> str:
    """Say only while it runs that its answer is for nobody."""
    turn.route.send_to(NONE)
    return turn.text.upper()


async def test_a2a_answers_with_a_task_that_can_be_asked_after() -> None:
    async with a2a_hosted(shout, run_hook=for_nobody) as client:
        task = await send(client, "hi")
        assert task["status"]["state"] in {"TASK_STATE_SUBMITTED", "TASK_STATE_WORKING"}
        assert not task.get("artifacts")
        found: dict[str, Any] = {}
        while found.get("status", {}).get("state") != "TASK_STATE_COMPLETED":
            found = await result(client, "GetTask", {"id": task["id"]})
        assert found["artifacts"][0]["parts"][0]["text"] == "HI"


async def test_a2a_answers_who_is_pushed_its_updates_in_the_same_way() -> None:
    async with (
        receiving() as receiver,
        a2a_hosted(shout, run_hook=for_nobody, outbound=allowing(receiver)) as client,
    ):
        push = {"taskPushNotificationConfig": {"url": receiver.url}}
        sent = await result(
            client, "SendMessage", {"message": message("hi"), "configuration": push}
        )
        task = sent["task"]
        assert task["status"]["state"] in {"TASK_STATE_SUBMITTED", "TASK_STATE_WORKING"}
        assert not task.get("artifacts")
        await receiver.until_state(COMPLETED)
        assert said(await result(client, "GetTask", {"id": task["id"]})) == "HI"


@pytest.mark.parametrize("fails", [False, True])
async def test_who_asks_again_is_answered_as_before(*, fails: bool) -> None:
    """With the run, while it goes on and once it is over."""
    goes_on = asyncio.Event()

    async def slow(text: str) -> str:
        await goes_on.wait()
        if fails:
            raise ValueError(text)
        return text

    async with rest_hosted(slow, run_hook=for_nobody) as client:
        answers: list[httpx.Response] = []
        for _ in range(3):
            answers.append(
                await client.post(
                    "/invocations", json={"input": "hi"}, headers={"idempotency-key": "once"}
                )
            )
            if len(answers) == 2:
                goes_on.set()
                run = {"status": ""}
                while run["status"] not in {"completed", "failed"}:
                    run = (await client.get(answers[0].headers["location"])).json()
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert len({answer.headers["x-run-id"] for answer in answers}) == 1


async def test_responses_answer_with_one_that_is_queued() -> None:
    async with openai_hosted(shout, run_hook=for_nobody) as (_, openai, *_):
        response = await openai.responses.create(input="hi")
        assert response.status == "queued"
        found = await openai.responses.retrieve(response.id)
        while found.status != "completed":
            found = await openai.responses.retrieve(response.id)
        assert found.output_text == "HI"


async def test_chat_completions_answer_with_the_defined_error() -> None:
    async with openai_hosted(shout, run_hook=for_nobody) as one:
        with pytest.raises(BadRequestError) as caught:
            await one.openai.chat.completions.create(
                model="shout", messages=[{"role": "user", "content": "hi"}]
            )
        assert caught.value.code == "answered_elsewhere"


async def test_who_waits_for_a_target_that_sends_it_elsewhere_gets_it_too() -> None:
    async with a2a_hosted(keep) as client:
        task = await send(client, "hi")
        assert (task["status"]["state"], said(task)) == (COMPLETED, "HI")
    async with openai_hosted(keep) as one:
        response = await one.openai.responses.create(input="hi")
        assert (response.status, response.output_text) == ("completed", "HI")
        with pytest.raises(BadRequestError) as caught:
            await one.openai.chat.completions.create(
                model="keep", messages=[{"role": "user", "content": "hi"}]
            )
        assert caught.value.code == "answered_elsewhere"


async def test_whoever_streams_follows_the_run_wherever_its_answer_goes() -> None:
    async with rest_hosted(shout, run_hook=for_nobody) as client:
        told = await client.post("/invocations", json={"input": "hi", "stream": True})
        last = sent_events(told.text)[-1]
        assert (last.type, last.data["result"]["output_text"]) == ("run_completed", "HI")
        run = (await client.get(f"/invocations/{told.headers['x-run-id']}")).json()
        assert run["output_text"] == "HI"
    async with a2a_hosted(shout, run_hook=for_nobody) as client:
        first, *_, end = await events(client, "SendStreamingMessage", {"message": message("hi")})
        assert end["statusUpdate"]["status"]["state"] == COMPLETED
        found = await result(client, "GetTask", {"id": first["task"]["id"]})
        assert said(found) == "HI"
    async with openai_hosted(shout, run_hook=for_nobody) as one:
        end_of_it = (await streamed(one.http, input="hi"))[-1]
        assert end_of_it.type == "response.completed"
        assert "HI" in json.dumps(end_of_it.data)
