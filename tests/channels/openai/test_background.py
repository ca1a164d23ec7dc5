"""Responses in the background: fetched, followed, cancelled."""

import asyncio

import pytest
from openai import AsyncOpenAI, BadRequestError
from openai.types.responses import Response

from agent_host.types import Turn
from tests.channels.openai.agent import assist, recall
from tests.channels.openai.hosting import hosted


async def settled(client: AsyncOpenAI, response: Response) -> Response:
    """The response once it changes no more."""
    while response.status in {"queued", "in_progress"}:
        response = await client.responses.retrieve(response.id)
    return response


async def test_it_is_accepted_and_fetched() -> None:
    release = asyncio.Event()

    async def slow(_: Turn) -> str:
        await release.wait()
        return "at last"

    async with hosted(slow) as served:
        made = await served.openai.responses.create(input="hi", background=True)
        assert made.status in {"queued", "in_progress"}
        assert made.output == []
        assert made.background is True
        going_on = await served.openai.responses.retrieve(made.id)
        assert going_on.status in {"queued", "in_progress"}
        release.set()
        final = await settled(served.openai, made)
        again = await served.openai.responses.retrieve(made.id)
    assert (final.status, final.output_text) == ("completed", "at last")
    assert again == final


async def test_it_is_streamed_with_queued_in_its_place() -> None:
    async with hosted(assist) as served:
        stream = await served.openai.responses.create(input="hi", background=True, stream=True)
        kinds = [event.type async for event in stream]
    assert kinds[:3] == ["response.created", "response.queued", "response.in_progress"]
    assert kinds[-1] == "response.completed"


async def test_it_is_followed_from_anywhere_while_it_goes_on() -> None:
    async with hosted(assist) as served:
        made = await served.openai.responses.create(input="wait", background=True)
        stream = await served.openai.responses.retrieve(made.id, stream=True, starting_after=1)
        kinds: list[str] = []
        async for event in stream:
            kinds.append(event.type)
            if event.type == "response.output_text.delta":
                await served.openai.responses.cancel(made.id)
        final = await served.openai.responses.retrieve(made.id)
    assert kinds[-1] == "response.incomplete"
    assert final.status == "cancelled"
    assert final.output_text == "waiting"


async def test_it_is_cancelled_once_and_for_all() -> None:
    async with hosted(assist) as served:
        made = await served.openai.responses.create(input="wait", background=True)
        cancelled = await settled(served.openai, await served.openai.responses.cancel(made.id))
        again = await served.openai.responses.cancel(made.id)
    assert cancelled.status == again.status == "cancelled"


async def test_one_that_is_over_is_answered_as_it_is() -> None:
    async with hosted(assist) as served:
        made = await served.openai.responses.create(input="hi", background=True)
        final = await settled(served.openai, made)
        assert await served.openai.responses.cancel(made.id) == final


async def test_only_the_background_can_be_cancelled() -> None:
    async with hosted(assist) as served:
        made = await served.openai.responses.create(input="hi")
        with pytest.raises(BadRequestError):
            await served.openai.responses.cancel(made.id)


async def test_a_failure_is_found_as_a_failure() -> None:
    async with hosted(assist) as served:
        made = await served.openai.responses.create(input="fail", background=True)
        final = await settled(served.openai, made)
    assert final.status == "failed"
    assert final.error is not None
    assert final.error.code == "server_error"
    assert "swordfish" not in final.to_json()


async def test_the_same_key_is_the_same_response() -> None:
    async with hosted(recall) as served:
        ids = {
            (
                await served.openai.responses.create(
                    input="hi", background=True, extra_headers={"Idempotency-Key": "k"}
                )
            ).id
            for _ in range(3)
        }
    assert len(ids) == 1


async def test_it_can_ask_its_caller_too() -> None:
    async with hosted(assist) as served:
        made = await served.openai.responses.create(input="tool", background=True)
        asked = await settled(served.openai, made)
        (call,) = [item for item in asked.output if item.type == "function_call"]
        going_on = await served.openai.responses.create(
            previous_response_id=made.id,
            input=[{"type": "function_call_output", "call_id": call.call_id, "output": "3"}],
            background=True,
        )
        final = await settled(served.openai, going_on)
    assert final.output_text == "The sum is 3."
