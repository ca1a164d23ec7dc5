"""Real LangGraph graphs: streams, steps, tools, history and threads."""

# pyright: reportMissingTypeStubs=false
# LangGraph is typed, but as a namespace package it does not look so.

import asyncio
import sys
from typing import Any, cast
from typing import TypedDict as PlainTypedDict

import pytest
from langchain_core.exceptions import ModelRateLimitError
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.config import get_stream_writer
from langgraph.func import entrypoint
from langgraph.graph import START
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.runtime import Runtime
from pydantic import BaseModel
from typing_extensions import TypedDict

from agent_host.adapters.langgraph import LangGraphAdapter
from agent_host.errors import (
    FailureCode,
    InvalidInputError,
    MissingExtraError,
    TargetError,
    UnsupportedTargetError,
)
from agent_host.protocols.target import Target
from agent_host.types import (
    CancelSignal,
    DataPart,
    FilePart,
    Message,
    PartAdded,
    ProgressReported,
    ReasoningDelta,
    ReasoningPart,
    RunCancelled,
    StateChanged,
    StepFinished,
    StepStarted,
    TextDelta,
    TextPart,
    ToolCallFinished,
    ToolCallPart,
    ToolCallStarted,
    ToolResultPart,
    Turn,
    Usage,
    UsageReported,
)
from tests.adapters.driving import drive, make_history, make_turn
from tests.adapters.graphs import (
    Conversation,
    ScriptedModel,
    chat_graph,
    new_graph,
    one_node,
    saying,
)


def host(graph: object, name: str = "given") -> Target:
    return LangGraphAdapter().adapt(graph, name=name)


@tool
def look_up(city: str) -> str:
    """Look up the weather."""
    return f"sunny in {city}"


CALL = AIMessageChunk(
    content="Looking. ",
    tool_call_chunks=[{"name": "look_up", "args": '{"city": "Rome"}', "id": "call_1", "index": 0}],
)


def tool_graph(model: ScriptedModel) -> Any:
    graph = chat_graph(model)
    looped = new_graph()
    looped.add_node("chat", graph.nodes["chat"].runnable)
    looped.add_node("tools", ToolNode([look_up]))
    looped.add_edge(START, "chat")
    looped.add_conditional_edges("chat", tools_condition)
    looped.add_edge("tools", "chat")
    return looped


async def test_a_models_text_is_streamed_and_its_usage_reported() -> None:
    model = ScriptedModel(
        script=[
            [
                AIMessageChunk(content=[{"type": "reasoning", "reasoning": "hm"}]),
                *saying(
                    "hello ",
                    "there",
                    usage_metadata={
                        "input_tokens": 3,
                        "output_tokens": 4,
                        "total_tokens": 7,
                        "input_token_details": {"cache_read": 1},
                        "output_token_details": {"reasoning": 2},
                    },
                ),
            ]
        ]
    )
    driven = await drive(host(chat_graph(model).compile()), make_turn("hi"))
    assert driven.text == "hello there"
    assert driven.of(ReasoningDelta) == [ReasoningDelta(text="hm")]
    assert driven.of(UsageReported) == [
        UsageReported(
            usage=Usage(
                input_tokens=3,
                output_tokens=4,
                cached_input_tokens=1,
                reasoning_tokens=2,
                requests=1,
            )
        )
    ]
    assert driven.result.text == "hello there"
    assert driven.result.value == {"log": ["chatted"]}


async def test_tools_and_steps_are_reported_in_order() -> None:
    model = ScriptedModel(script=[[CALL], saying("It is sunny.")])
    driven = await drive(host(tool_graph(model).compile()), make_turn("weather?"))
    order = [
        (type(event).__name__, getattr(event, "step_id", getattr(event, "call_id", "")))
        for event in driven.events
        if not isinstance(event, TextDelta)
    ]
    assert order[:-1] == [
        ("StepStarted", "chat"),
        ("ToolCallStarted", "call_1"),
        ("StepFinished", "chat"),
        ("StepStarted", "tools"),
        ("ToolCallFinished", "call_1"),
        ("StepFinished", "tools"),
        ("StepStarted", "chat.2"),
        ("StepFinished", "chat.2"),
    ]
    assert driven.of(ToolCallStarted)[0].arguments == {"city": "Rome"}
    assert driven.of(ToolCallFinished)[0].result == "sunny in Rome"
    assert set(driven.result.outputs) == {"chat", "tools", "chat.2"}
    assert [message.parts for message in driven.result.messages] == [
        (
            TextPart(text="Looking. "),
            ToolCallPart(call_id="call_1", name="look_up", arguments={"city": "Rome"}),
        ),
        (ToolResultPart(call_id="call_1", name="look_up", result="sunny in Rome"),),
        (TextPart(text="It is sunny."),),
    ]


async def test_a_node_that_runs_its_tools_itself_still_starts_before_it_finishes() -> None:
    model = ScriptedModel(script=[[CALL]])

    async def node(state: Conversation) -> dict[str, Any]:
        said = await model.ainvoke(state["messages"])
        found = await ToolNode([look_up]).ainvoke({"messages": [*state["messages"], said]})
        return {"messages": [said, *found["messages"], AIMessage("done")]}

    graph = one_node(node)
    driven = await drive(host(graph), make_turn())
    traffic = [e for e in driven.events if isinstance(e, ToolCallStarted | ToolCallFinished)]
    assert [type(event) for event in traffic] == [ToolCallStarted, ToolCallFinished]
    assert driven.text == "Looking. done"


async def test_history_comes_from_the_host_and_goes_back_as_it_was() -> None:
    model = ScriptedModel(script=[[CALL], saying("It is sunny."), saying("Still.")])
    hosted = host(tool_graph(model).compile())
    assert not hosted.capabilities.keeps_history
    first = (await drive(hosted, make_turn("weather?"))).result
    history = make_history([Message.user("weather?"), *first.messages])
    await drive(hosted, make_turn("and now?", history=history))
    sent = model.seen[-1]
    assert [message.type for message in sent] == ["human", "ai", "tool", "ai", "human"]
    assert sent[1].id == model_ids(first.messages[0])
    assert cast("AIMessage", sent[1]).tool_calls[0]["args"] == {"city": "Rome"}


def model_ids(message: Message) -> object:
    """The id that LangChain had given the message."""
    (sealed,) = message.metadata.values()
    return cast("Any", sealed)["form"]["data"]["id"]


async def test_history_from_elsewhere_is_converted() -> None:
    model = ScriptedModel(script=[saying("ok")])
    history = make_history(
        [
            Message(role="system", parts=(TextPart(text="Be brief."),)),
            Message(
                role="user",
                parts=(
                    TextPart(text="see"),
                    FilePart(media_type="image/png", data=b"png", name="a.png"),
                    FilePart(media_type="application/pdf", uri="https://example.com/a.pdf"),
                    DataPart(data={"a": 1}),
                ),
            ),
            Message(
                role="assistant",
                parts=(
                    ReasoningPart(text="hm"),
                    ToolCallPart(call_id="1", name="t", arguments={"a": 1}),
                    ToolResultPart(call_id="1", name="t", result={"b": 2}, is_error=True),
                ),
            ),
        ]
    )
    await drive(host(chat_graph(model).compile()), make_turn("hi", history=history))
    system, human, call, result, new = model.seen[0]
    assert (system.type, system.content) == ("system", "Be brief.")
    blocks = cast("list[dict[str, object]]", human.content)
    assert [block["type"] for block in blocks] == ["text", "image", "file", "text"]
    assert blocks[1]["base64"] == "cG5n"
    assert cast("AIMessage", call).tool_calls[0]["name"] == "t"
    assert call.content == [{"type": "reasoning", "reasoning": "hm"}]
    assert (result.content, cast("Any", result).status) == ('{"b": 2}', "error")
    assert new.content == "hi"


async def test_files_that_a_model_makes_are_parts_of_its_answer() -> None:
    async def paint(_: Conversation) -> dict[str, Any]:
        blocks: list[Any] = [
            {"type": "reasoning", "reasoning": "red"},
            {"type": "image", "base64": "cG5n", "mime_type": "image/png"},
            {"type": "audio", "url": "https://example.com/a.mp3"},
            {"type": "file", "base64": "!", "mime_type": "text/plain"},
            {"type": "file", "file_id": "f"},
        ]
        return {"messages": [AIMessage(content=blocks)]}

    graph = one_node(paint)
    (message,) = (await drive(host(graph), make_turn())).result.messages
    assert message.parts[1:] == (
        FilePart(media_type="image/png", data=b"png"),
        FilePart(media_type="audio/*", uri="https://example.com/a.mp3"),
    )


async def test_a_checkpointer_keeps_the_history_per_owner_and_session() -> None:
    model = ScriptedModel(script=[saying("ok")])
    saver = InMemorySaver()
    hosted = host(chat_graph(model).compile(checkpointer=saver))
    assert hosted.capabilities.keeps_history
    result = None
    for text in ("one", "two"):
        turn = make_turn(text, session_id="ses_1", run_id=f"run_{text}")
        result = (await drive(hosted, turn)).result
    assert [message.content for message in model.seen[-1]] == ["one", "ok", "two"]
    assert result is not None
    assert len(result.messages) == 1
    await drive(hosted, make_turn("three", session_id="ses_2"))
    assert [message.content for message in model.seen[-1]] == ["three"]


async def test_a_run_without_a_session_leaves_no_thread_behind() -> None:
    saver = InMemorySaver()
    graph = chat_graph(ScriptedModel(script=[saying("ok")])).compile(checkpointer=saver)
    await drive(host(graph), make_turn())
    assert saver.storage == {}


class Sum(BaseModel):
    numbers: list[int]
    total: int = 0
    secret: str = "s"


class Total(BaseModel):
    total: int


def add(state: Sum) -> dict[str, Any]:
    return {"total": sum(state.numbers)}


def sum_graph() -> Any:
    graph = new_graph(Sum, output_schema=Total)
    graph.add_node("add", add)
    graph.add_edge(START, "add")
    return graph.compile(name="adder")


@pytest.mark.parametrize(
    "changes",
    [
        {"messages": (Message(role="user", parts=(DataPart(data={"numbers": [1, 2]}),)),)},
        {"messages": (Message.user('{"numbers": [1, 2]}'),)},
        {"input": {"numbers": [1, 2]}},
    ],
)
async def test_a_graph_without_messages_takes_typed_input(changes: dict[str, Any]) -> None:
    hosted = host(sum_graph())
    assert hosted.description.name == "adder"
    assert hosted.description.input_schema is not None
    result = (await drive(hosted, make_turn(**changes))).result
    assert result.value == {"total": 3}
    assert result.text == '{"total": 3}'
    assert result.outputs == {"add": {"total": 3}}


async def test_typed_input_that_does_not_fit_is_told_field_by_field() -> None:
    with pytest.raises(InvalidInputError) as caught:
        await drive(host(sum_graph()), make_turn('{"numbers": ["x"]}'))
    assert caught.value.problems[0][0] == "numbers.0"


class Loose(TypedDict):
    value: object


class Unreadable(PlainTypedDict):  # Pydantic cannot read these before Python 3.12.
    value: object


@pytest.mark.parametrize("kind", [Loose, Unreadable])
async def test_a_graph_of_a_typed_dictionary_takes_an_object(kind: type) -> None:
    def wrap(state: Any) -> dict[str, Any]:
        return {"value": [state["value"]]}

    graph = one_node(wrap, kind)
    hosted = host(graph)
    assert (await drive(hosted, make_turn('{"value": 1}'))).result.value == {"value": [1]}
    with pytest.raises(InvalidInputError):
        await drive(hosted, make_turn("[1]"))


async def test_what_has_no_json_form_is_left_out_of_the_answer() -> None:
    def leave(_: Loose) -> dict[str, Any]:
        return {"value": object()}

    graph = one_node(leave, Loose)
    result = (await drive(host(graph), make_turn(input={"value": 1}))).result
    assert result.value == {}
    assert result.outputs == {"node": {}}


async def test_a_functional_graph_takes_text() -> None:
    async def shout(text: str) -> str:
        return text.upper()

    graph = cast("object", entrypoint()(shout))
    result = (await drive(host(graph), make_turn("hi"))).result
    assert result.text == "HI"


async def test_what_a_node_writes_to_the_stream_is_shown() -> None:
    changed = StateChanged(patch=[{"op": "add", "path": "/a", "value": 1}])

    async def node(_: Conversation, runtime: Runtime[Turn]) -> dict[str, Any]:
        write = get_stream_writer()
        write("searching")
        write(changed)
        write({"found": 3})
        return {"messages": [AIMessage(runtime.context.text.upper())]}

    graph = one_node(node, Conversation, context_schema=Turn)
    driven = await drive(host(graph), make_turn("hi"))
    assert driven.of(ProgressReported) == [ProgressReported(text="searching")]
    assert driven.of(StateChanged) == [changed]
    assert driven.of(PartAdded) == [PartAdded(part=DataPart(data={"found": 3}))]
    assert driven.text == "HI"


async def test_a_subgraph_speaks_but_is_one_step() -> None:
    inner = chat_graph(ScriptedModel(script=[saying("from ", "within")])).compile()
    outer = new_graph()
    outer.add_node("inner", inner)
    outer.add_edge(START, "inner")
    driven = await drive(host(outer.compile()), make_turn())
    assert driven.text == "from within"
    assert [event.step_id for event in driven.of(StepStarted)] == ["inner"]
    assert [event.step_id for event in driven.of(StepFinished)] == ["inner"]


async def test_a_structured_response_is_the_value() -> None:
    class Answering(Conversation):
        structured_response: object

    async def node(_: Answering) -> dict[str, Any]:
        return {"messages": [AIMessage("3")], "structured_response": Total(total=3)}

    graph = one_node(node, Answering)
    assert (await drive(host(graph), make_turn())).result.value == {"total": 3}


async def test_a_graph_that_replaces_its_messages_still_answers() -> None:
    class Replacing(TypedDict):
        messages: list[Any]

    async def node(_: Replacing) -> dict[str, Any]:
        return {"messages": [HumanMessage("summary"), AIMessage("short")]}

    graph = one_node(node, Replacing)
    assert (await drive(host(graph), make_turn())).result.text == "short"


async def test_a_cancelled_run_stops_in_the_middle() -> None:
    signal = CancelSignal()

    async def endless(_: Conversation) -> dict[str, Any]:
        signal.set("caller")
        await asyncio.Event().wait()
        return {}

    graph = one_node(endless)
    driven = await drive(host(graph), make_turn(cancelled=signal))
    assert driven.events[-1] == RunCancelled(reason="caller")


async def test_a_failing_model_has_a_code_and_a_safe_text() -> None:
    error = ModelRateLimitError("secret")
    model = ScriptedModel(script=[saying("so far")], error=error)
    with pytest.raises(TargetError) as caught:
        await drive(host(chat_graph(model).compile()), make_turn())
    assert caught.value.code == FailureCode.RATE_LIMIT
    assert "secret" not in str(caught.value)


async def test_a_failing_node_keeps_its_own_error() -> None:
    def broken(_: Conversation) -> dict[str, Any]:
        message = "internal detail"
        raise LookupError(message)

    graph = one_node(broken)
    with pytest.raises(LookupError):
        await drive(host(graph), make_turn())


def test_a_graph_that_is_not_compiled_is_refused_with_the_fix() -> None:
    adapter = LangGraphAdapter()
    graph = chat_graph(ScriptedModel(script=[saying("ok")]))
    assert adapter.matches(graph)
    assert adapter.matches(graph.compile())
    assert not adapter.matches(object())
    assert adapter.supports
    with pytest.raises(UnsupportedTargetError, match="compile"):
        adapter.adapt(graph, name="given")


def test_a_framework_that_lacks_what_is_needed_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "agent_host.adapters.langgraph_target", None)
    graph = chat_graph(ScriptedModel(script=[saying("ok")])).compile()
    with pytest.raises(MissingExtraError, match=r"\[langgraph\]"):
        host(graph)
