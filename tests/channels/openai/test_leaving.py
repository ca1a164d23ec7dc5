"""Silences, and clients that leave: what becomes of the run is what the policy says."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from agent_host.types import Turn
from agent_host.types.run_policy import DisconnectPolicy, RunPolicy
from agent_host_openai import OpenAIConfig
from tests.channels.openai.agent import assist
from tests.channels.openai.hosting import hosted

QUICKLY = timedelta(milliseconds=20)
CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
BODIES: dict[str, dict[str, Any]] = {
    RESPONSES: {"input": "wait"},
    CHAT: {"messages": [{"role": "user", "content": "wait"}]},
}


async def test_a_silence_has_heartbeats_that_no_client_minds() -> None:
    release = asyncio.Event()

    async def slow(_: Turn) -> str:
        await release.wait()
        return "at last"

    async with hosted(slow, config=OpenAIConfig(heartbeat_interval=QUICKLY)) as served:
        body = {"input": "hi", "stream": True}
        async with served.http.stream("POST", RESPONSES, json=body) as stream:
            async for line in stream.aiter_lines():
                if line == ": heartbeat":
                    release.set()
        release.clear()
        async with served.openai.responses.stream(model="slow", input="hi") as events:
            async for event in events:
                if event.type == "response.in_progress":
                    release.set()
            final = await events.get_final_response()
    assert final.output_text == "at last"


@pytest.mark.parametrize("path", sorted(BODIES))
@pytest.mark.parametrize("streams", [False, True])
async def test_who_leaves_takes_the_run_along_where_the_policy_says_so(
    path: str, streams: bool
) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def wait(turn: Turn) -> str:
        began.set()
        await turn.cancelled.wait()
        ended.set()
        return "never mind"

    policy = RunPolicy(on_disconnect=DisconnectPolicy.CANCEL)
    async with hosted(wait, run_policy=policy) as served:
        async with asyncio.TaskGroup() as group:
            body = {**BODIES[path], "stream": streams}
            asking = group.create_task(served.http.post(path, json=body))
            await began.wait()
            asking.cancel()
        await ended.wait()


async def test_who_leaves_leaves_the_run_otherwise() -> None:
    release = asyncio.Event()

    async def slow(_: Turn) -> str:
        await release.wait()
        return "at last"

    async with hosted(slow) as served:
        body = {"input": "hi", "stream": True}
        async with served.http.stream("POST", RESPONSES, json=body) as stream:
            run_id = stream.headers["x-request-id"]
        response_id = run_id.replace("run_", "resp_")
        going_on = await served.openai.responses.retrieve(response_id)
        release.set()
        async for _ in await served.openai.responses.retrieve(response_id, stream=True):
            pass
        final = await served.openai.responses.retrieve(response_id)
    assert going_on.status == "in_progress"
    assert final.output_text == "at last"


async def test_a_client_that_waits_long_enough_is_answered_under_either_policy() -> None:
    policy = RunPolicy(on_disconnect=DisconnectPolicy.CANCEL)
    async with hosted(assist, run_policy=policy) as served:
        response = await served.openai.responses.create(input="hi")
        asked = await served.openai.responses.create(input="tool")
        (call,) = [item for item in asked.output if item.type == "function_call"]
        done = await served.openai.responses.create(
            previous_response_id=asked.id,
            input=[{"type": "function_call_output", "call_id": call.call_id, "output": "3"}],
        )
    assert response.output_text == "You said hi."
    assert done.output_text == "The sum is 3."
