"""Streams of responses: every event in its order, with its number, and taken up again anywhere."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from openai import APIError
from openai.types.responses import Response

from agent_host.types import TextDelta, Turn
from tests.channels.openai.agent import assist, speak
from tests.channels.openai.hosting import hosted, numbers, sent_events, streamed

TEXT_ORDER = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]
REASONING_ORDER = [
    "response.output_item.added",
    "response.reasoning_summary_part.added",
    "response.reasoning_summary_text.delta",
    "response.reasoning_summary_text.delta",
    "response.reasoning_summary_text.done",
    "response.reasoning_summary_part.done",
    "response.output_item.done",
]
CALL_ORDER = [
    "response.output_item.added",
    "response.mcp_call.in_progress",
    "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done",
]
TOOL_ORDER = [
    "response.output_item.added",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.output_item.done",
    "response.completed",
]


async def test_a_text_comes_in_the_documented_order() -> None:
    async with hosted(assist) as served:
        events = await streamed(served.http, input="hi")
    assert [event.type for event in events] == TEXT_ORDER
    assert numbers(events) == list(range(len(events)))


async def test_thinking_and_tools_come_in_their_order() -> None:
    async with hosted(speak) as served:
        events = await streamed(served.http, input="hi")
    kinds = [event.type for event in events]
    assert kinds[2:9] == REASONING_ORDER
    assert kinds[9:17] == [*CALL_ORDER, *CALL_ORDER]
    assert kinds[17:21] == [
        "response.mcp_call.completed",
        "response.output_item.done",
        "response.mcp_call.failed",
        "response.output_item.done",
    ]
    assert numbers(events) == list(range(len(events)))


async def test_the_last_event_has_what_the_events_told() -> None:
    async with hosted(speak) as served:
        events = await streamed(served.http, input="hi")
        whole = Response.model_validate(events[-1].data["response"])
        fetched = await served.openai.responses.retrieve(whole.id)
    done = {
        event.data["output_index"]: event.data["item"]
        for event in events
        if event.type == "response.output_item.done"
    }
    assert [done[index] for index in sorted(done)] == events[-1].data["response"]["output"]
    assert fetched == whole


async def test_deltas_join_to_the_text() -> None:
    async with hosted(assist) as served:
        events = await streamed(served.http, input="hi")
    deltas = [event.data["delta"] for event in events if event.type.endswith("text.delta")]
    (done,) = [event.data["text"] for event in events if event.type.endswith("text.done")]
    assert "".join(deltas) == done == "You said hi."


async def test_a_client_tool_comes_in_its_order() -> None:
    async with hosted(assist) as served:
        events = await streamed(served.http, input="tool")
    assert [event.type for event in events][-5:] == TOOL_ORDER


async def test_what_a_target_gives_whole_is_streamed_too() -> None:
    async def answer(_: Turn) -> str:
        return "whole"

    async with hosted(answer) as served:
        events = await streamed(served.http, input="hi")
    assert [event.type for event in events] == TEXT_ORDER


async def test_the_clients_own_stream_helper_accumulates_it() -> None:
    async with (
        hosted(speak) as served,
        served.openai.responses.stream(model="speak", input="hi") as stream,
    ):
        seen = [event.type async for event in stream]
        final = await stream.get_final_response()
    assert seen[0] == "response.created"
    assert "It is the sea." in final.output_text


async def test_deltas_come_as_they_are_made() -> None:
    release = asyncio.Event()

    async def slow(_: Turn) -> AsyncGenerator[TextDelta]:
        yield TextDelta(text="first")
        await release.wait()
        yield TextDelta(text="second")

    async with hosted(slow) as served:
        stream = await served.openai.responses.create(input="hi", stream=True)
        async for event in stream:
            if event.type == "response.output_text.delta" and event.delta == "first":
                release.set()
        assert release.is_set()


async def test_a_failure_is_the_streams_last_event() -> None:
    async with hosted(assist) as served:
        events = await streamed(served.http, input="fail")
    last = events[-1]
    assert last.type == "response.failed"
    assert last.data["response"]["status"] == "failed"
    assert last.data["response"]["error"]["code"] == "server_error"
    assert "swordfish" not in str(events)


async def test_a_run_that_stops_itself_ends_as_incomplete_and_cancelled() -> None:
    async with hosted(assist) as served:
        events = await streamed(served.http, input="stop")
    assert events[-1].type == "response.incomplete"
    assert events[-1].data["response"]["status"] == "cancelled"


async def test_a_stream_is_taken_up_again_behind_any_event() -> None:
    async with hosted(speak) as served:
        events = await streamed(served.http, input="hi")
        response_id = events[0].data["response"]["id"]
        for after in range(-1, len(events)):
            again = await served.http.get(
                f"/v1/responses/{response_id}",
                params={"stream": "true", "starting_after": after},
            )
            assert sent_events(again.text) == events[after + 1 :]


async def test_the_client_takes_a_stream_up_again() -> None:
    async with hosted(assist) as served:
        made = await served.openai.responses.create(input="hi", stream=True, background=True)
        seen: list[Any] = [event async for event in made]
        response_id = seen[0].response.id
        again = await served.openai.responses.retrieve(
            response_id, stream=True, starting_after=seen[2].sequence_number
        )
        rest = [event async for event in again]
    assert [event.sequence_number for event in rest] == [
        event.sequence_number for event in seen[3:]
    ]


async def test_who_leaves_a_stream_finds_the_rest_of_it() -> None:
    release = asyncio.Event()

    async def slow(_: Turn) -> AsyncGenerator[TextDelta]:
        yield TextDelta(text="first ")
        await release.wait()
        yield TextDelta(text="second")

    async with hosted(slow) as served:
        response_id, last = "", -1
        stream = await served.openai.responses.create(input="hi", stream=True)
        async for event in stream:
            if event.type == "response.created":
                response_id = event.response.id
            if event.type == "response.output_text.delta":
                last = event.sequence_number
                break
        await stream.close()
        release.set()
        rest = await served.openai.responses.retrieve(response_id, stream=True, starting_after=last)
        deltas = [event.delta async for event in rest if event.type == "response.output_text.delta"]
        final = await served.openai.responses.retrieve(response_id)
    assert deltas == ["second"]
    assert final.output_text == "first second"


async def test_a_new_message_id_begins_another_item() -> None:
    async def two(_: Turn) -> AsyncGenerator[TextDelta]:
        yield TextDelta(text="a", message_id="m1")  # type: ignore[arg-type]
        yield TextDelta(text="b", message_id="m1")  # type: ignore[arg-type]
        yield TextDelta(text="c", message_id="m2")  # type: ignore[arg-type]

    async with hosted(two) as served:
        events = await streamed(served.http, input="hi")
        blocking = await served.openai.responses.create(input="hi")
    output = events[-1].data["response"]["output"]
    assert [item["content"][0]["text"] for item in output] == ["ab", "c"]
    assert [item.type for item in blocking.output] == ["message", "message"]


@pytest.mark.parametrize("query", ["starting_after=x", "stream=perhaps", "starting_after=-9"])
async def test_a_bad_query_is_refused(query: str) -> None:
    async with hosted(assist) as served:
        made = await served.openai.responses.create(input="hi")
        answered = await served.http.get(f"/v1/responses/{made.id}?{query}")
    assert answered.status_code == 400


async def test_an_error_before_the_stream_is_an_http_error() -> None:
    async with hosted(assist) as served:
        with pytest.raises(APIError) as refused:
            await served.openai.responses.create(
                input="hi", stream=True, previous_response_id="resp_1"
            )
    assert "response" in str(refused.value)
