"""Graphs and chat models that run here."""

# pyright: reportMissingTypeStubs=false
# LangGraph is typed, but as a namespace package it does not look so.

import operator
from collections.abc import Iterator
from typing import Annotated, Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from pydantic import PrivateAttr
from typing_extensions import TypedDict


class ScriptedModel(BaseChatModel):
    """Streams one scripted answer per call, the last again and again; keeps what it was sent."""

    script: list[list[AIMessageChunk]]
    error: Exception | None = None
    _seen: list[list[BaseMessage]] = PrivateAttr(default_factory=list[list[BaseMessage]])

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def seen(self) -> list[list[BaseMessage]]:
        """What each call was sent."""
        return self._seen

    def bind_tools(self, tools: Any, **_: Any) -> "ScriptedModel":
        """The script knows its tools."""
        del tools
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        first, *rest = self._stream(messages, stop, run_manager, **kwargs)
        whole = sum(rest, first).message
        return ChatResult(generations=[ChatGeneration(message=AIMessage(whole.content))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        del stop, run_manager, kwargs
        index = min(len(self._seen), len(self.script) - 1)
        self._seen.append(list(messages))
        for chunk in self.script[index]:
            yield ChatGenerationChunk(message=chunk.model_copy())
        if self.error is not None:
            raise self.error


def saying(*texts: str, **last: Any) -> list[AIMessageChunk]:
    """An answer in chunks; `last` is for the last of them."""
    *first, end = texts
    return [*(AIMessageChunk(content=text) for text in first), AIMessageChunk(content=end, **last)]


class Conversation(TypedDict):
    """The usual state, with one more channel."""

    messages: Annotated[list[AnyMessage], add_messages]
    log: Annotated[list[str], operator.add]


def new_graph(state: type = Conversation, **options: Any) -> Any:
    """An empty graph, untyped: its own types are about a state's, which differ in every test."""
    graph: StateGraph[Any, Any, Any, Any] = StateGraph(state, **options)
    return graph


def one_node(node: object, state: type = Conversation, **options: Any) -> Any:
    """A compiled graph of one node."""
    graph = new_graph(state, **options)
    graph.add_node("node", node)
    graph.add_edge(START, "node")
    return graph.compile()


def chat_graph(model: ScriptedModel) -> Any:
    """One node that asks the model."""

    async def chat(state: Conversation) -> dict[str, Any]:
        return {"messages": [await model.ainvoke(state["messages"])], "log": ["chatted"]}

    graph = new_graph()
    graph.add_node("chat", chat)
    graph.add_edge(START, "chat")
    graph.add_edge("chat", END)
    return graph
