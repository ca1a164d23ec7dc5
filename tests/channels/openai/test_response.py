"""Responses as OpenAI's client gets them: the answer, what it echoes, and what it is made from."""

import base64
import json
from typing import Any

import pytest
from openai import BadRequestError, NotFoundError
from openai.types.responses import Response
from pydantic import BaseModel

from agent_host.types import FilePart, RunResult, Turn
from agent_host_openai import OpenAIConfig
from agent_host_openai.config import ModelAlias
from tests.channels.openai.agent import PNG, assist, recall, speak
from tests.channels.openai.hosting import hosted

REQUIRED = {
    "id",
    "object",
    "created_at",
    "model",
    "output",
    "parallel_tool_calls",
    "tool_choice",
    "tools",
    "metadata",
    "error",
    "incomplete_details",
    "instructions",
    "temperature",
    "top_p",
}


def kinds(response: Response) -> list[str]:
    return [item.type for item in response.output]


async def test_a_text_is_answered() -> None:
    async with hosted(assist) as served:
        response = await served.openai.responses.create(model="assist", input="hi")
    assert response.output_text == "You said hi."
    assert (response.status, response.model, response.error) == ("completed", "assist", None)
    assert response.id.startswith("resp_")
    assert response.completed_at is not None
    assert response.usage is None


async def test_every_member_that_strict_clients_ask_for_is_there() -> None:
    async with hosted(assist) as served:
        answered = await served.http.post("/v1/responses", json={"input": "hi"})
    assert REQUIRED - answered.json().keys() == set()


async def test_the_plain_form_of_messages_works() -> None:
    async with hosted(recall) as served:
        response = await served.openai.responses.create(
            input=[
                {"role": "user", "content": "one"},
                {"role": "assistant", "content": "yes?"},
                {"role": "user", "content": [{"type": "input_text", "text": "two"}]},
            ]
        )
    assert response.output_text == "one / two"


async def test_what_the_agent_did_is_there_in_order() -> None:
    async with hosted(speak) as served:
        response = await served.openai.responses.create(input="hi")
        fetched = await served.openai.responses.retrieve(response.id)
    assert kinds(response)[:3] == ["reasoning", "mcp_call", "mcp_call"]
    output: list[Any] = list(response.output)
    failed, counted = output[1:3]
    assert (failed.status, failed.name, failed.output) == ("failed", "look_up", None)
    assert (counted.status, counted.output) == ("completed", '{"letters":3}')
    assert "It is the sea." in response.output_text
    assert '{"depth":7}' in response.output_text
    assert "A map." in response.output_text
    (image,) = [item for item in output if item.type == "image_generation_call"]
    assert base64.b64decode(image.result or "") == PNG
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.total_tokens) == (5, 12)
    assert response.usage.output_tokens_details.reasoning_tokens == 2
    assert fetched == response


async def test_a_structured_answer_is_json_and_parses() -> None:
    class Sea(BaseModel):
        depth: int

    async def measure(turn: Turn) -> RunResult:
        form = turn.options["response_format"]
        assert isinstance(form, dict)
        assert form["type"] == "json_schema"
        return RunResult(value={"depth": 7})

    async with hosted(measure) as served:
        parsed = await served.openai.responses.parse(input="how deep?", text_format=Sea)
    assert parsed.output_parsed == Sea(depth=7)


async def test_what_was_asked_is_echoed_when_it_is_fetched_too() -> None:
    async with hosted(assist) as served:
        made = await served.openai.responses.create(
            input="hi",
            instructions="Be kind.",
            temperature=0.5,
            top_p=0.9,
            max_output_tokens=100,
            metadata={"order": "7"},
            tools=[
                {
                    "type": "function",
                    "name": "add",
                    "parameters": {"type": "object"},
                    "strict": True,
                }
            ],
            tool_choice={"type": "function", "name": "add"},
            parallel_tool_calls=False,
            reasoning={"effort": "low"},
            text={"format": {"type": "json_object"}},
            user="u-1",
        )
        fetched = await served.openai.responses.retrieve(made.id)
    assert fetched == made
    assert (made.instructions, made.temperature, made.top_p) == ("Be kind.", 0.5, 0.9)
    assert made.metadata == {"order": "7"}
    assert made.tools[0].type == "function"
    assert made.parallel_tool_calls is False
    assert made.text is not None
    assert made.text.format is not None
    assert made.text.format.type == "json_object"


async def test_the_target_gets_options_tools_and_metadata() -> None:
    seen: list[Turn] = []

    async def look(turn: Turn) -> str:
        seen.append(turn)
        return "seen"

    async with hosted(look) as served:
        await served.openai.responses.create(
            input="hi",
            instructions="Be kind.",
            max_output_tokens=100,
            metadata={"order": "7"},
            tools=[{"type": "function", "name": "add", "parameters": {}, "strict": None}],
        )
    (turn,) = seen
    assert turn.options == {"instructions": "Be kind.", "max_tokens": 100}
    assert [tool["name"] for tool in turn.client_tools] == ["add"]
    assert turn.metadata["order"] == "7"


async def test_tool_choice_none_keeps_the_tools_from_the_target() -> None:
    async with hosted(assist) as served:
        response = await served.openai.responses.create(
            input="options",
            tools=[{"type": "function", "name": "add", "parameters": {}, "strict": None}],
            tool_choice="none",
        )
    assert response.output_text == "['tool_choice']"
    assert response.tool_choice == "none"


async def test_images_and_files_reach_the_target() -> None:
    seen: list[Turn] = []

    async def look(turn: Turn) -> str:
        seen.append(turn)
        return "seen"

    data = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    async with hosted(look) as served:
        response = await served.openai.responses.create(
            input=[
                {
                    "role": "user",
                    "content": [
                        {"type": "input_text", "text": "What is this?"},
                        {"type": "input_image", "image_url": data, "detail": "auto"},
                        {
                            "type": "input_image",
                            "image_url": "https://e.org/a.webp",
                            "detail": "low",
                        },
                        {"type": "input_file", "filename": "a.txt", "file_data": "aGk="},
                    ],
                }
            ]
        )
        items = await served.openai.responses.input_items.list(response.id)
    files = [part for part in seen[0].messages[0].parts if isinstance(part, FilePart)]
    assert [(file.media_type, file.data, file.uri) for file in files] == [
        ("image/png", PNG, None),
        ("image/webp", None, "https://e.org/a.webp"),
        ("text/plain", b"hi", None),
    ]
    (item,) = items.data
    assert item.type == "message"
    assert [part.type for part in item.content] == [
        "input_text",
        "input_image",
        "input_image",
        "input_file",
    ]


async def test_the_items_of_an_input_come_in_pages() -> None:
    async with hosted(recall) as served:
        first = await served.openai.responses.create(input="one")
        second = await served.openai.responses.create(input="two", previous_response_id=first.id)
        listed = served.openai.responses.input_items.list(second.id, limit=2, order="asc")
        texts = [json.loads(item.to_json())["content"][0]["text"] async for item in listed]
    assert texts == ["one", "one", "two"]


async def test_aliases_have_options_and_others_are_refused() -> None:
    config = OpenAIConfig(
        models=(ModelAlias(id="quick"), ModelAlias(id="org/deep", options={"effort": 9}))
    )
    async with hosted(assist, config=config) as served:
        client = served.openai
        plain = await client.responses.create(input="options")
        deep = await client.responses.create(input="options", model="org/deep")
        listed = [model.id async for model in client.models.list()]
        one = await client.models.retrieve("org/deep")
        with pytest.raises(NotFoundError) as refused:
            await client.responses.create(input="hi", model="gpt-4o")
        with pytest.raises(NotFoundError):
            await client.models.retrieve("gpt-4o")
    assert (plain.model, plain.output_text) == ("quick", "[]")
    assert (deep.model, deep.output_text) == ("org/deep", "['effort']")
    assert listed == ["quick", "org/deep"]
    assert one.id == "org/deep"
    assert refused.value.code == "model_not_found"


async def test_any_model_may_be_let_through() -> None:
    async with hosted(assist, config=OpenAIConfig(any_model=True)) as served:
        response = await served.openai.responses.create(input="options", model="gpt-4o")
    assert (response.model, response.output_text) == ("gpt-4o", "['model']")


async def test_a_deleted_response_is_gone() -> None:
    async with hosted(assist) as served:
        made = await served.openai.responses.create(input="hi")
        await served.openai.responses.delete(made.id)
        for attempt in (
            served.openai.responses.retrieve(made.id),
            served.openai.responses.delete(made.id),
            served.openai.responses.create(input="on", previous_response_id=made.id),
        ):
            with pytest.raises(NotFoundError):
                await attempt


async def test_what_is_not_stored_is_not_found() -> None:
    async with hosted(recall) as served:
        made = await served.openai.responses.create(input="hi", store=False)
        with pytest.raises(NotFoundError):
            await served.openai.responses.retrieve(made.id)
        with pytest.raises(NotFoundError):
            await served.openai.responses.create(input="on", previous_response_id=made.id)
    assert made.output_text == "hi"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"tool_choice": "often"}, "tool_choice"),
        ({"temperature": 3}, "temperature"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"metadata": {"openai": "x"}}, "metadata"),
        ({"input": []}, "input"),
        ({"input": [{"type": "computer_call"}]}, "input[0].type"),
        ({"input": [{"type": ["message"]}]}, "input[0].type"),
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role"),
        ({"background": True, "store": False}, "background"),
        ({"conversation": "conv_1", "previous_response_id": "resp_1"}, "previous_response_id"),
        ({"text": {"format": {"type": "yaml"}}}, "text.format.type"),
    ],
)
async def test_what_cannot_be_done_is_refused_by_name(body: dict[str, object], param: str) -> None:
    async with hosted(assist) as served:
        with pytest.raises(BadRequestError) as refused:
            await served.openai.responses.create(input="hi", extra_body=body)
    assert refused.value.param == param
