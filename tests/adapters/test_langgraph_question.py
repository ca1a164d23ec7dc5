"""Interrupts of real graphs: asked, answered, resumed, in this process and in another."""

# pyright: reportMissingTypeStubs=false
# LangGraph is typed, but as a namespace package it does not look so.

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Any, cast

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint
from langgraph.graph import END, START
from langgraph.types import interrupt
from typing_extensions import TypedDict

from agent_host.adapters.langgraph import LangGraphAdapter
from agent_host.protocols.target import Target
from agent_host.types import (
    Answer,
    InputRequired,
    Message,
    RunCancelled,
    RunCompleted,
    RunEvent,
    StepStarted,
)
from tests.adapters.driving import drive, make_answer, make_history, make_turn
from tests.adapters.graphs import (
    Conversation,
    ScriptedModel,
    chat_graph,
    new_graph,
    saying,
)


def host(graph: object) -> Target:
    return LangGraphAdapter().adapt(graph, name="given")


def asking_graph(model: ScriptedModel, *values: object) -> Any:
    """Chats, asks for each of `values` in one node, and chats again."""

    def ask(_: Conversation) -> dict[str, Any]:
        return {"log": [str(interrupt(value)) for value in values]}

    graph = new_graph()
    graph.add_node("chat", chat_graph(model).nodes["chat"].runnable)
    graph.add_node("ask", ask)
    graph.add_node("end", chat_graph(model).nodes["chat"].runnable)
    graph.add_edge(START, "chat")
    graph.add_edge("chat", "ask")
    graph.add_edge("ask", "end")
    graph.add_edge("end", END)
    return graph


def two_answers() -> ScriptedModel:
    return ScriptedModel(script=[saying("first "), saying("second")])


QUESTION = {
    "prompt": "Really?",
    "kind": "approval",
    "schema": {"type": "boolean"},
    "amount": 3,
}


@pytest.mark.parametrize("checkpointer", [None, InMemorySaver()])
async def test_an_interrupt_is_asked_and_its_answer_goes_on(checkpointer: Any) -> None:
    graph = asking_graph(two_answers(), QUESTION, "Which?").compile(checkpointer=checkpointer)
    hosted = host(graph)
    assert not hosted.capabilities.resumes  # What is in memory does not outlive the process.
    history = make_history([Message.user("before")])
    driven = await drive(hosted, make_turn("hi", history=history), True, "blue")
    first, second = (event.questions[0] for event in driven.of(InputRequired))
    assert (first.prompt, first.kind, first.schema) == ("Really?", "approval", {"type": "boolean"})
    assert first.metadata["value"] == QUESTION
    assert (second.prompt, second.kind) == ("Which?", "input")
    assert first.id != second.id
    assert [event.step_id for event in driven.of(StepStarted)] == ["chat", "ask", "end"]
    assert driven.text == "first second"
    assert [message.text for message in driven.result.messages] == ["first ", "second"]
    assert driven.result.value == {"log": ["chatted", "True", "blue", "chatted"]}


async def test_interrupts_of_several_nodes_are_asked_together() -> None:
    def ask(name: str) -> Any:
        def node(_: Conversation) -> dict[str, Any]:
            return {"log": [f"{name}={interrupt({'question': name})}"]}

        return node

    graph = new_graph()
    for name in "ab":
        graph.add_node(name, ask(name))
        graph.add_edge(START, name)
    hosted = host(graph.compile())
    events = cast("AsyncGenerator[RunEvent, Answer | None]", hosted.run(make_turn()))
    asked = [event async for event in _until_asked(events)][-1]
    assert isinstance(asked, InputRequired)
    assert sorted(question.prompt for question in asked.questions) == ["a", "b"]
    answer = Answer(values={q.id: q.prompt.upper() for q in asked.questions})
    rest = [await events.asend(answer)]
    rest += [event async for event in events]
    assert isinstance(rest[-1], RunCompleted)
    assert rest[-1].result.value == {"log": ["a=A", "b=B"]}


async def _until_asked(events: AsyncIterator[RunEvent]) -> AsyncIterator[RunEvent]:
    while True:
        event = await anext(events)
        yield event
        if isinstance(event, InputRequired):
            return


class Kept(BaseCheckpointSaver[str]):
    """A checkpointer of another kind, as one that writes to a database is."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = InMemorySaver()

    def __getattribute__(self, name: str) -> Any:
        forwarded = {"aget_tuple", "aput", "aput_writes", "alist", "get_next_version"}
        if name in forwarded:
            return getattr(object.__getattribute__(self, "inner"), name)
        return object.__getattribute__(self, name)


async def test_an_interrupt_outlives_the_target_where_its_checkpointer_does() -> None:
    saver = Kept()
    model = two_answers()

    def restarted() -> Target:
        return host(asking_graph(model, "Sure?").compile(checkpointer=saver))

    assert restarted().capabilities.resumes
    turn = make_turn("hi", session_id="ses_1")
    driven = await drive(restarted(), turn)
    asked = driven.events[-1]
    answer = make_answer(asked, True)
    again = await drive(restarted(), make_turn("hi", session_id="ses_1", answer=answer))
    assert again.text == "second"
    assert [message.text for message in again.result.messages] == ["first ", "second"]


async def test_without_a_session_a_waiting_thread_is_kept_and_then_let_go() -> None:
    saver = Kept()  # It cannot delete threads, which is no reason to fail.
    hosted = host(asking_graph(two_answers(), "Sure?").compile(checkpointer=saver))
    answer = make_answer((await drive(hosted, make_turn())).events[-1], True)
    assert (await drive(hosted, make_turn(answer=answer))).text == "second"


@pytest.mark.parametrize("goes_on", [True, False])
async def test_a_breakpoint_asks_for_approval(*, goes_on: bool) -> None:
    graph = asking_graph(two_answers()).compile(interrupt_before=["end"])
    driven = await drive(host(graph), make_turn(), goes_on)
    (question,) = driven.of(InputRequired)[0].questions
    assert (question.kind, question.prompt) == ("approval", "Go on with end?")
    if goes_on:
        assert driven.text == "first second"
    else:
        assert driven.events[-1] == RunCancelled()


async def test_state_that_cannot_be_stored_comes_back_as_it_is() -> None:
    connection = object()

    def keep(_: list[object], new: object) -> list[object]:
        return [new]

    class Holding(TypedDict):
        held: Annotated[list[object], keep]

    def ask(state: Holding) -> dict[str, Any]:
        assert state["held"] == [connection]
        return {"held": interrupt("go?") and state["held"][0] is connection}

    graph = new_graph(Holding)

    def opened(_: Holding) -> dict[str, Any]:
        return {"held": connection}

    graph.add_node("open", opened)
    graph.add_node("ask", ask)
    graph.add_edge(START, "open")
    graph.add_edge("open", "ask")
    driven = await drive(host(graph.compile()), make_turn(input={"held": None}), True)
    assert driven.result.value == {"held": [True]}


async def test_a_functional_graph_is_asked_and_answered() -> None:
    async def order(text: str) -> str:
        return f"{text}: {interrupt(['not', 'text'])}"

    graph = cast("object", entrypoint()(order))
    driven = await drive(host(graph), make_turn("tea"), "green")
    assert driven.of(InputRequired)[0].questions[0].prompt == "The agent needs an answer to go on."
    assert driven.result.text == "tea: green"
