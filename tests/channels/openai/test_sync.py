"""The same server through OpenAI's other, blocking client, and by API keys of the host's own."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest
from openai import NotFoundError, OpenAI

from agent_host import AgentHost
from agent_host.testing.live_server import live_server
from agent_host_openai import OpenAIChannel
from tests.channels.openai.agent import assist, recall

Result = TypeVar("Result")


async def blocking(target: object, work: Callable[[OpenAI], Result]) -> Result:
    """`work` with a client, beside the server's loop."""
    host = AgentHost(target, channels=[OpenAIChannel()])

    def run(url: str) -> Result:
        with OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client:
            return work(client)

    async with live_server(host.app) as url:
        return await asyncio.to_thread(run, url)


async def test_a_response() -> None:
    text = await blocking(assist, lambda c: c.responses.create(input="hi").output_text)
    assert text == "You said hi."


async def test_a_stream() -> None:
    def work(client: OpenAI) -> list[str]:
        return [event.type for event in client.responses.create(input="hi", stream=True)]

    kinds = await blocking(assist, work)
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")


async def test_the_stream_helper() -> None:
    def work(client: OpenAI) -> str:
        with client.responses.stream(model="assist", input="hi") as stream:
            for _ in stream:
                pass
            return stream.get_final_response().output_text

    assert await blocking(assist, work) == "You said hi."


async def test_a_chain() -> None:
    def work(client: OpenAI) -> str:
        first = client.responses.create(input="one")
        return client.responses.create(input="two", previous_response_id=first.id).output_text

    assert await blocking(recall, work) == "one / two"


async def test_a_tool_goes_round() -> None:
    def work(client: OpenAI) -> str:
        asked = client.responses.create(input="tool")
        (call,) = [item for item in asked.output if item.type == "function_call"]
        done = client.responses.create(
            previous_response_id=asked.id,
            input=[{"type": "function_call_output", "call_id": call.call_id, "output": "3"}],
        )
        return done.output_text

    assert await blocking(assist, work) == "The sum is 3."


async def test_background() -> None:
    def work(client: OpenAI) -> str | None:
        made = client.responses.create(input="hi", background=True)
        while made.status in {"queued", "in_progress"}:
            made = client.responses.retrieve(made.id)
        return made.status

    assert await blocking(assist, work) == "completed"


async def test_chat_and_models() -> None:
    def work(client: OpenAI) -> tuple[str | None, str]:
        model = client.models.list().data[0].id
        chunks = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "hi"}], stream=True
        )
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        whole = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "hi"}]
        )
        return whole.choices[0].message.content, text

    assert await blocking(assist, work) == ("You said hi.", "You said hi.")


async def test_an_error() -> None:
    def work(client: OpenAI) -> None:
        with pytest.raises(NotFoundError):
            client.responses.retrieve("resp_1")

    await blocking(assist, work)
