"""Chat completions as OpenAI's client gets them, and what Open WebUI sends."""

import base64
import json
from typing import Any

import pytest
from openai import APIError, BadRequestError
from pydantic import BaseModel

from agent_host.types import FilePart, RunResult, Turn
from tests.channels.openai.agent import PNG, assist, recall, speak
from tests.channels.openai.hosting import Hosted, hosted

TOOL: Any = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}


async def chat(served: Hosted, *texts: str, **more: Any) -> Any:
    create: Any = served.openai.chat.completions.create
    messages = [{"role": "user", "content": text} for text in texts]
    return await create(model=_model(served), messages=messages, **more)


def _model(served: Hosted) -> str:
    return served.host.context.target.name


async def test_a_message_is_answered() -> None:
    async with hosted(assist) as served:
        completion = await chat(served, "hi")
    (choice,) = completion.choices
    assert choice.message.content == "You said hi."
    assert choice.finish_reason == "stop"
    assert completion.id.startswith("chatcmpl-")
    assert completion.model == "assist"


async def test_the_request_is_the_whole_conversation() -> None:
    async with hosted(recall) as served:
        one = await chat(served, "one", "two")
        other = await chat(served, "three")
    assert one.choices[0].message.content == "one / two"
    assert other.choices[0].message.content == "three"


async def test_every_kind_of_message_reaches_the_target() -> None:
    seen: list[Turn] = []

    async def look(turn: Turn) -> str:
        seen.append(turn)
        return "seen"

    image = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    messages: Any = [
        {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "Look"},
                                     {"type": "image_url", "image_url": {"url": image}}]},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "3"},
        {"role": "user", "content": "Well?"},
    ]  # fmt: skip
    async with hosted(look) as served:
        await served.openai.chat.completions.create(model="look", messages=messages)
    (turn,) = seen
    assert [message.role for message in turn.messages] == [
        "system",
        "user",
        "assistant",
        "tool",
        "user",
    ]
    assert turn.session_id is None
    assert isinstance(turn.messages[1].parts[1], FilePart)
    assert turn.messages[3].parts[0].name == "add"  # type: ignore[union-attr]


async def test_the_options_of_both_apis_have_one_name() -> None:
    seen: list[Turn] = []

    async def look(turn: Turn) -> str:
        seen.append(turn)
        return "seen"

    async with hosted(look) as served:
        await chat(
            served,
            "hi",
            max_completion_tokens=5,
            temperature=0.1,
            stop=["END"],
            seed=7,
            reasoning_effort="low",
            response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": {}}},
            metadata={"a": "b"},
        )
    options = dict(seen[0].options)
    form = options.pop("response_format")
    assert options == {
        "max_tokens": 5,
        "temperature": 0.1,
        "stop_sequences": ["END"],
        "seed": 7,
        "reasoning": {"effort": "low"},
    }
    assert isinstance(form, dict)
    assert (form["type"], form["name"]) == ("json_schema", "n")
    assert seen[0].metadata == {"a": "b"}


async def test_thinking_and_usage_are_told() -> None:
    async with hosted(speak) as served:
        completion = await chat(served, "hi")
    message = completion.choices[0].message
    assert message.model_extra is not None
    assert message.model_extra["reasoning_content"] == "Let me see."
    assert completion.usage is not None
    assert completion.usage.total_tokens == 12
    assert (message.content or "").startswith("It is the sea.")


async def test_it_is_streamed() -> None:
    async with hosted(assist) as served:
        stream = await chat(served, "hi", stream=True, stream_options={"include_usage": True})
        chunks: list[Any] = [chunk async for chunk in stream]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(c.choices[0].delta.content or "" for c in chunks[:-1]) == "You said hi."
    assert [c.choices[0].finish_reason for c in chunks[:-1]][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens == 0


async def test_a_stream_ends_with_done_and_has_no_usage_unless_asked() -> None:
    body = {"messages": [{"role": "user", "content": "hi"}], "stream": True}
    async with hosted(assist) as served:
        answered = await served.http.post("/v1/chat/completions", json=body)
    assert answered.text.endswith("data: [DONE]\n\n")
    assert "usage" not in answered.text
    assert "event:" not in answered.text


async def test_the_clients_own_stream_helper_accumulates_it() -> None:
    async with (
        hosted(speak) as served,
        served.openai.chat.completions.stream(
            model="speak", messages=[{"role": "user", "content": "hi"}]
        ) as stream,
    ):
        async for _ in stream:
            pass
        final = await stream.get_final_completion()
    assert (final.choices[0].message.content or "").startswith("It is the sea.")


async def test_streamed_and_whole_say_the_same() -> None:
    async with hosted(speak) as served:
        whole = await chat(served, "hi")
        stream = await chat(served, "hi", stream=True)
        chunks: list[Any] = [chunk async for chunk in stream]
    told = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert told.split() == (whole.choices[0].message.content or "").split()


@pytest.mark.parametrize("streams", [False, True])
async def test_a_client_tool_goes_round(streams: bool) -> None:
    async with hosted(assist) as served:
        asked = await chat(served, "tool", tools=[TOOL])
        (choice,) = asked.choices
        assert choice.finish_reason == "tool_calls"
        (call,) = choice.message.tool_calls
        assert call.type == "function"
        messages: Any = [
            {"role": "user", "content": "tool"},
            choice.message.to_dict(),
            {"role": "tool", "tool_call_id": call.id, "content": "3"},
        ]
        done: Any = await served.openai.chat.completions.create(
            model="assist", messages=messages, stream=streams
        )
        if streams:
            text = "".join([chunk.choices[0].delta.content or "" async for chunk in done])
        else:
            text = done.choices[0].message.content
        again = await served.openai.chat.completions.create(model="assist", messages=messages)
    assert choice.message.content == "One moment. "
    assert json.loads(call.function.arguments) == {"a": 1, "b": 2}
    assert text == "The sum is 3."
    assert again.choices[0].message.content  # the run is over: this was a turn of its own


async def test_a_streamed_call_is_accumulated_by_the_client() -> None:
    async with (
        hosted(assist) as served,
        served.openai.chat.completions.stream(
            model="assist", messages=[{"role": "user", "content": "tools"}], tools=[TOOL]
        ) as stream,
    ):
        async for _ in stream:
            pass
        final = await stream.get_final_completion()
    names = [call.function.name for call in final.choices[0].message.tool_calls or []]
    assert names == ["add", "sub"]


@pytest.mark.parametrize("streams", [False, True])
async def test_a_question_nobody_can_answer_here_is_told_and_its_run_ended(streams: bool) -> None:
    async with hosted(assist) as served:
        answered: Any = await chat(served, "input", stream=streams)
        if streams:
            text = "".join([chunk.choices[0].delta.content or "" async for chunk in answered])
        else:
            text = answered.choices[0].message.content
            assert answered.choices[0].finish_reason == "stop"
        assert not served.host.context.busy
    assert text == "How many?"


async def test_a_structured_answer_parses() -> None:
    class Sea(BaseModel):
        depth: int

    async def measure(_: Turn) -> RunResult:
        return RunResult(value={"depth": 7})

    async with hosted(measure) as served:
        parsed = await served.openai.chat.completions.parse(
            model="measure", messages=[{"role": "user", "content": "?"}], response_format=Sea
        )
    assert parsed.choices[0].message.parsed == Sea(depth=7)


@pytest.mark.parametrize("text", ["fail", "stop"])
async def test_a_failure_in_a_stream_is_raised_by_the_client(text: str) -> None:
    async with hosted(assist) as served:
        stream = await chat(served, text, stream=True)
        with pytest.raises(APIError) as failed:
            async for _ in stream:
                pass
    assert "swordfish" not in str(failed.value)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"n": 2}, "n"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"modalities": ["audio"]}, "modalities"),
        ({"modalities": 5}, "modalities"),
        ({"logprobs": True}, "logprobs"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"stop": ["a"] * 5}, "stop"),
    ],
)
async def test_what_cannot_be_done_is_refused_by_name(body: dict[str, object], param: str) -> None:
    async with hosted(assist) as served:
        with pytest.raises(BadRequestError) as refused:
            await chat(served, "hi", extra_body=body)
    assert refused.value.param == param


async def test_a_key_repeats_a_completion() -> None:
    async with hosted(assist) as served:
        ids = {
            (await chat(served, "hi", extra_headers={"Idempotency-Key": "k"})).id for _ in range(2)
        }
    assert len(ids) == 1


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("title_generation", {"title": "How deep is the sea?"}),
        ("tags_generation", {"tags": []}),
        ("follow_up_generation", {"follow_ups": []}),
        ("query_generation", {"queries": []}),
    ],
)
async def test_open_webuis_tasks_start_no_turn(task: str, expected: object) -> None:
    heard: list[str] = []

    async def hear(turn: Turn) -> str:
        heard.append(turn.text)
        return "heard"

    prompt = "Make a title.\n<chat_history>\nUSER: How deep is the sea?\nASSISTANT: 7\n"
    async with hosted(hear) as served:
        answered = await chat(served, prompt, extra_headers={"X-OpenWebUI-Task": task})
        stream = await chat(served, prompt, stream=True, extra_headers={"X-OpenWebUI-Task": task})
        chunks: list[Any] = [chunk async for chunk in stream]
        assert heard == []
        await chat(served, "hi", extra_headers={"X-OpenWebUI-Task": "moa_response_generation"})
    assert json.loads(answered.choices[0].message.content or "") == expected
    assert json.loads(chunks[0].choices[0].delta.content) == expected
    assert heard == ["hi"]


async def test_open_webuis_ordinary_request() -> None:
    """As it sends one: the models first, then a stream with headers and members of its own."""
    body = {
        "stream": True,
        "model": "assist",
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "hi"},
        ],
        "stream_options": {"include_usage": True},
        "tool_ids": [],
        "features": {"web_search": False},
        "variables": {"{{USER_NAME}}": "Ada"},
    }
    headers = {"X-OpenWebUI-Chat-Id": "c", "X-OpenWebUI-Message-Id": "m"}
    async with hosted(assist) as served:
        models = (await served.http.get("/v1/models")).json()
        answered = await served.http.post("/v1/chat/completions", json=body, headers=headers)
    assert [model["id"] for model in models["data"]] == ["assist"]
    assert "You said hi." in answered.text
