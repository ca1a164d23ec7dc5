"""What callers of each protocol are told when their answer goes elsewhere: in its own shape."""

from typing import Any

import pytest
from openai import BadRequestError

from agent_host.types import NONE, Turn
from tests.channels.a2a.hosting import hosted as a2a_hosted
from tests.channels.a2a.hosting import result, send
from tests.channels.openai.hosting import hosted as openai_hosted


async def shout(text: str) -> str:
    return text.upper()


def for_nobody(turn: Turn) -> Turn:
    turn.route.send_to(NONE)
    return turn


async def test_a2a_answers_with_a_task_that_can_be_asked_after() -> None:
    async with a2a_hosted(shout, run_hook=for_nobody) as client:
        task = await send(client, "hi")
        assert task["status"]["state"] in {"TASK_STATE_SUBMITTED", "TASK_STATE_WORKING"}
        assert not task.get("artifacts")
        found: dict[str, Any] = {}
        while found.get("status", {}).get("state") != "TASK_STATE_COMPLETED":
            found = await result(client, "GetTask", {"id": task["id"]})
        assert found["artifacts"][0]["parts"][0]["text"] == "HI"


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
