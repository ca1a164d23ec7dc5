"""Samples for the contract suite: those of the adapters we ship, others through entry points."""

# pyright: reportMissingTypeStubs=false
# LangGraph is typed, but as a namespace package it does not look so.

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import replace
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any, Final, cast

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, UserPromptPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from agent_host.registry import ADAPTERS
from agent_host.testing.target_fixture import SAMPLE_GROUP, Behavior, TargetSample, texts_of
from agent_host.types import Answer, RunEvent, RunResult, TextDelta, Turn
from agent_host.workflows import StepContext, Workflow
from tests.adapters.graphs import new_graph


def text_function(behavior: Behavior) -> object:
    async def agent(turn: Turn) -> str:
        return await behavior(texts_of(turn))

    return agent


def result_function(behavior: Behavior) -> object:
    async def agent(turn: Turn) -> RunResult:
        return RunResult.of_text(await behavior(texts_of(turn)))

    return agent


def generator(behavior: Behavior) -> object:
    async def agent(turn: Turn) -> AsyncIterator[str]:
        for word in (await behavior(texts_of(turn))).partition(" "):
            yield word

    return agent


def event_generator(behavior: Behavior) -> object:
    async def agent(turn: Turn) -> AsyncIterator[RunEvent]:
        yield TextDelta(text=await behavior(texts_of(turn)))

    return agent


def one_object(behavior: Behavior) -> object:
    class Agent:
        async def run(self, turn: Turn) -> str:
            return await behavior(texts_of(turn))

    return Agent()


def object_per_run(behavior: Behavior) -> object:
    class Agent:
        def __init__(self) -> None:
            self.texts: list[str] = []

        async def run(self, turn: Turn) -> str:
            self.texts += texts_of(turn)
            return await behavior(self.texts)

    return Agent


def agent(behavior: Behavior) -> object:
    """A model of pydantic-ai's that reads the prompts it is sent."""

    async def stream(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        prompts = [
            part.content
            for message in messages
            for part in message.parts
            if isinstance(part, UserPromptPart)
        ]
        yield await behavior(["".join(str(item) for item in prompt) for prompt in prompts])

    return Agent(FunctionModel(stream_function=stream), name="agent")


def graph(behavior: Behavior, **options: Any) -> object:
    """One node that reads the state's messages."""

    async def answer(state: MessagesState) -> dict[str, Any]:
        texts = [message.text for message in state["messages"] if isinstance(message, HumanMessage)]
        return {"messages": [AIMessage(await behavior(texts))]}

    built = new_graph(MessagesState)
    built.add_node("answer", answer)
    built.add_edge(START, "answer")
    compiled: object = built.compile(**options)
    return compiled


def graph_that_remembers(behavior: Behavior) -> object:
    return graph(behavior, checkpointer=InMemorySaver())


def workflow(behavior: Behavior) -> object:
    """Two steps; the second has the answer."""

    async def listen(context: StepContext[str]) -> list[str]:
        return texts_of(context.turn)

    async def answer(context: StepContext[str]) -> str:
        return await behavior(cast("list[str]", context.outputs["listen"]))

    class TakesPlainText(Workflow[str]):
        def run(self, turn: Turn) -> AsyncGenerator[RunEvent, Answer | None]:
            return super().run(replace(turn, input=turn.text))

    return TakesPlainText("sample", input_type=str, steps=[listen, answer])


SHIPPED: Final[Mapping[str, Mapping[str, TargetSample]]] = MappingProxyType(
    {
        "function": {
            "text": text_function,
            "result": result_function,
            "generator": generator,
            "events": event_generator,
        },
        "langgraph": {"graph": graph, "checkpointer": graph_that_remembers},
        "object": {"instance": one_object, "class": object_per_run, "workflow": workflow},
        "pydantic_ai": {"agent": agent},
    }
)


def adapter_names() -> list[str]:
    """Every adapter that is installed, ours or not."""
    return sorted(entry_points(group=ADAPTERS).names)


def samples_of(adapter: str) -> Mapping[str, TargetSample]:
    """The samples of an installed adapter. One without any is a failure, not a skip."""
    if adapter in SHIPPED:
        return SHIPPED[adapter]
    (offered,) = entry_points(group=SAMPLE_GROUP, name=adapter)
    return cast("Mapping[str, TargetSample]", offered.load())


__all__ = ["adapter_names", "samples_of"]
