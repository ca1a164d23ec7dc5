"""Pydantic AI on both sides: an agent that is hosted, and agents whose model is the host."""

from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from openai import AsyncOpenAI
from pydantic_ai import Agent
from pydantic_ai.messages import (
    ModelMessage,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
)
from pydantic_ai.models import Model
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, DeltaToolCalls, FunctionModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

from tests.channels.openai.agent import assist
from tests.channels.openai.hosting import hosted

ADD: Any = {
    "type": "function",
    "name": "add",
    "description": "Adds.",
    "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}},
    "strict": None,
}


def think(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Calls the caller's tool, and says what it gave and what the instructions are."""
    returned = [
        part.content
        for message in messages
        for part in message.parts
        if isinstance(part, ToolReturnPart)
    ]
    if not returned and info.function_tools:
        return ModelResponse(parts=[ToolCallPart(info.function_tools[0].name, {"a": 1})])
    return ModelResponse(parts=[TextPart(f"{returned} {info.instructions}")])


async def test_a_hosted_agent_calls_the_callers_tool() -> None:
    async def stream(
        messages: list[ModelMessage], info: AgentInfo
    ) -> AsyncGenerator[str | DeltaToolCalls]:
        answered = think(messages, info)
        for part in answered.parts:
            if isinstance(part, ToolCallPart):
                yield {0: DeltaToolCall(name=part.tool_name, json_args='{"a": 1}')}
            elif isinstance(part, TextPart):
                yield part.content

    agent = Agent(FunctionModel(think, stream_function=stream), name="adder")
    async with hosted(agent) as served:
        asked = await served.openai.responses.create(
            input="Sum?", tools=[ADD], instructions="Be kind."
        )
        (call,) = asked.output
        assert call.type == "function_call"
        done = await served.openai.responses.create(
            previous_response_id=asked.id,
            input=[{"type": "function_call_output", "call_id": call.call_id, "output": "3"}],
        )
        again = await served.openai.responses.create(previous_response_id=done.id, input="And now?")
    assert (call.name, call.arguments) == ("add", '{"a":1}')
    assert done.output_text == "['3'] Be kind."
    assert again.output_text == "['3'] None"


def responses(client: AsyncOpenAI) -> Model:
    return OpenAIResponsesModel("assist", provider=OpenAIProvider(openai_client=client))


def chat(client: AsyncOpenAI) -> Model:
    return OpenAIChatModel("assist", provider=OpenAIProvider(openai_client=client))


@pytest.mark.parametrize("model", [responses, chat])
async def test_an_agent_whose_model_is_the_host(model: Callable[[AsyncOpenAI], Model]) -> None:
    async with hosted(assist) as served:
        agent = Agent(model(served.openai))

        @agent.tool_plain
        def add(a: int, b: int) -> int:
            return a + b

        answered = await agent.run("tool please")
        async with agent.run_stream("hello") as stream:
            text = await stream.get_output()
    assert "The sum is 3." in answered.output
    assert text == "You said hello."
