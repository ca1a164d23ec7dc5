"""A graph's checkpoints in the host's store: what is kept, what is refused, what cannot be kept."""

# pyright: reportMissingTypeStubs=false
# LangGraph is typed, but as a namespace package it does not look so.

import asyncio
import operator
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Self

import ormsgpack
import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import interrupt
from typing_extensions import TypedDict

from agent_host.adapters.langgraph_live_state import live_state_saver
from agent_host.adapters.langgraph_record import (
    VALUE_CODEC,
    StoredValue,
    StrictSerializer,
)
from agent_host.adapters.langgraph_saver import TurnSaver
from agent_host.errors import UnreadableRecordError
from agent_host.host.run.checkpoint import COLLECTION, OwnedCheckpoints
from agent_host.protocols.host_context import HostContext
from agent_host.stores.memory import MemoryStateStore
from agent_host.types import Put, RunStatus, SessionMode
from tests.adapters.driving import OWNER
from tests.host.harness import finished, hosted, request, runs_of

INPUT: Final = '{"input": "x", "client": null, "trail": []}'
# What `pickle.dumps` makes of an object that calls `open("executed", "w")` when it is loaded.
PICKLE: Final = b"cbuiltins\nopen\n(S'executed'\nS'w'\ntR."


class DurableStore(MemoryStateStore):
    """Says that it survives; it can be entered by one host after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.is_used = False

    @property
    def durable(self) -> bool:
        return True

    async def __aenter__(self) -> Self:
        if not self.is_used:
            await super().__aenter__()
        self.is_used = True
        return self

    async def __aexit__(self, *_: object) -> None:
        """It stays for the next."""


class State(TypedDict):
    input: str
    client: Any
    trail: Annotated[list[str], operator.add]


@asynccontextmanager
async def saver_of(store: MemoryStateStore) -> AsyncGenerator[TurnSaver]:
    async with store:
        kept = OwnedCheckpoints(store, OWNER, timedelta(hours=1))
        yield TurnSaver(kept, StrictSerializer({}), live_state_saver())


def place(thread: str = "t", **more: Any) -> Any:
    return {"configurable": {"thread_id": thread, "checkpoint_ns": "", **more}}


async def records_of(store: MemoryStateStore, context_owner: Any) -> list[Any]:
    return list(await store.scan(COLLECTION, context_owner, limit=1000))


async def test_checkpoints_are_listed_newest_first_and_forgotten_together() -> None:
    async with saver_of(DurableStore()) as saver:
        config = place()
        for step in range(5):
            checkpoint = empty_checkpoint()
            checkpoint["channel_values"] = {"a": step}
            checkpoint["channel_versions"] = {"a": str(step)}
            config = await saver.aput(
                config, checkpoint, {"source": "loop", "step": step}, {"a": str(step)}
            )
        await saver.aput_writes(config, [("a", 1), ("b", {"x": 2})], "task", "path")
        await saver.aput_writes(config, [("a", 7)], "task", "path")
        newest = await saver.aget_tuple(place())
        assert newest is not None
        assert newest.checkpoint["channel_values"] == {"a": 4}
        assert newest.pending_writes == [("task", "a", 1), ("task", "b", {"x": 2})]
        assert newest.config == config
        steps = [found.metadata.get("step") async for found in saver.alist(place())]
        assert steps == [4, 3, 2, 1, 0]
        assert newest.parent_config is not None
        before = [f async for f in saver.alist(place(), before=newest.parent_config, limit=2)]
        assert [found.metadata.get("step") for found in before] == [2, 1]
        (third,) = [f async for f in saver.alist(place(), filter={"step": 3})]
        assert await saver.aget_tuple(third.config) == third
        assert await saver.aget_tuple(place("other")) is None
        assert await saver.aget_tuple(place(checkpoint_id="none")) is None
        assert [f async for f in saver.alist(None)] == []
        await saver.adelete_thread("t")
        assert await saver.aget_tuple(place()) is None


HOSTILE_FORMS: Final = [
    ("pickle", PICKLE),
    (
        "json",
        b'{"lc": 2, "type": "constructor", "id": ["builtins", "open"], "args": ["executed", "w"]}',
    ),
    ("json", b'{"lc": 1, "type": "constructor", "id": ["builtins", "open"], "kwargs": {}}'),
    ("", b""),
    ("msgpack", b"\xc1"),
]


@pytest.mark.parametrize(("form", "data"), HOSTILE_FORMS)
async def test_a_planted_value_of_another_form_is_refused(
    form: str, data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = DurableStore()
    async with saver_of(store) as saver:
        checkpoint = empty_checkpoint()
        checkpoint["channel_values"] = {"a": 1}
        checkpoint["channel_versions"] = {"a": "1"}
        await saver.aput(place(), checkpoint, {}, {"a": "1"})
        (record,) = [
            record
            for record in await store.scan(COLLECTION, partition_of("t"))
            if record.key.id.startswith("v.")
        ]
        planted = VALUE_CODEC.encode(StoredValue(form=form, data=data))
        await store.commit([Put(record.key, planted)])
        with pytest.raises(UnreadableRecordError):
            saver.serde.loads_typed((form, data))
        assert await saver.aget_tuple(place()) is None
        assert await store.scan(COLLECTION, partition_of("t")) == []
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("code", range(8))
def test_a_planted_type_is_neither_imported_nor_called(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the extension codes by which LangGraph's msgpack names something to call."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    (tmp_path / "planted_module.py").write_text("open('executed', 'w').close()")
    for module, name in (("builtins", "open"), ("planted_module", "x"), ("os", "system")):
        for argument in ("executed", ["executed", "w"], {"file": "executed", "mode": "w"}):
            payload = ormsgpack.packb((module, name, argument, "__call__"))
            data = ormsgpack.packb(ormsgpack.Ext(code, payload))
            StrictSerializer({}).loads_typed(("msgpack", data))
    assert not (tmp_path / "executed").exists()


def partition_of(scope: str) -> str:
    return f"{len(OWNER.partition)}.{OWNER.partition}.{scope}"


def conversing(saver: Any) -> Any:
    def answer(state: MessagesState) -> dict[str, Any]:
        return {"messages": [AIMessage(str(len(state["messages"])))]}

    builder: Any = StateGraph(MessagesState)
    builder.add_node("answer", answer)
    builder.add_edge(START, "answer")
    builder.add_edge("answer", END)
    return builder.compile(checkpointer=saver)


async def said_by(context: HostContext, session: str) -> str:
    answered = await context.run(request("hi", session=session))
    assert answered.result is not None
    return answered.result.text


async def test_a_graph_that_remembers_in_memory_remembers_in_the_store_of_a_durable_host() -> None:
    store = DurableStore()
    texts: list[str] = []
    for _ in range(3):
        async with hosted(conversing(InMemorySaver()), store=store) as context:
            texts.append(await said_by(context, "one"))
            texts.append(await said_by(context, "two"))
    assert texts == ["1", "1", "3", "3", "5", "5"]


async def test_a_run_without_a_session_leaves_nothing_behind() -> None:
    store = DurableStore()
    for saver in (None, InMemorySaver()):
        async with hosted(
            conversing(saver), store=store, session_mode=SessionMode.DISABLED
        ) as context:
            run = (await context.run(request("hi"))).run
            thread = f"{len(run.owner.partition)}.{run.owner.partition}.{run.id}"
            partition = f"{len(run.owner.partition)}.{run.owner.partition}.{thread}"
            assert await records_of(store, partition) == []


def holding_a_client(*, asks: bool) -> Any:
    def connect(_: State) -> dict[str, Any]:
        return {"client": asyncio.Event(), "trail": ["connected"]}

    def use(state: State) -> dict[str, Any]:
        answer = interrupt("Really?") if asks else "yes"
        assert isinstance(state["client"], asyncio.Event)
        return {"client": None, "trail": [str(answer)]}

    builder: Any = StateGraph(State)
    builder.add_node("connect", connect)
    builder.add_node("use", use)
    builder.add_edge(START, "connect")
    builder.add_edge("connect", "use")
    builder.add_edge("use", END)
    return builder.compile()


@pytest.mark.parametrize("asks", [False, True])
async def test_what_is_no_data_goes_on_in_memory(asks: bool) -> None:
    async with hosted(holding_a_client(asks=asks), store=DurableStore()) as context:
        answered = await context.run(request(INPUT))
        if asks:
            (question,) = answered.run.questions
            await (await runs_of(context)).answer(answered.run.id, {question.id: "yes"})
            answered = await finished(context, answered.run.id)
    assert answered.run.status is RunStatus.COMPLETED
    assert answered.result is not None
    value: Any = answered.result.value
    assert value["trail"] == ["connected", "yes"]


async def test_every_breakpoint_is_answered_although_all_have_one_id() -> None:
    def step(_: State) -> dict[str, Any]:
        return {"trail": ["done"]}

    builder: Any = StateGraph(State)
    for name in "abc":
        builder.add_node(name, step)
    builder.add_edge(START, "a")
    builder.add_edge("a", "b")
    builder.add_edge("b", "c")
    graph = builder.compile(interrupt_before=["b", "c"])
    async with hosted(graph, store=DurableStore()) as context:
        answered = await context.run(request(INPUT))
        for _ in range(2):
            (question,) = answered.run.questions
            await (await runs_of(context)).answer(answered.run.id, {question.id: True})
            answered = await finished(context, answered.run.id)
    assert answered.run.status is RunStatus.COMPLETED


async def test_a_question_whose_thread_is_gone_is_answered_with_a_word_on_it() -> None:
    def ask(_: State) -> dict[str, Any]:
        return {"trail": [str(interrupt("Really?"))]}

    builder: Any = StateGraph(State)
    builder.add_node("ask", ask)
    builder.add_edge(START, "ask")
    store = DurableStore()
    async with hosted(builder.compile(), store=store) as context:
        asked = await context.run(request(INPUT, session="one"))
        run = asked.run
        kept = OwnedCheckpoints(store, run.owner, timedelta(hours=1))
        owner = run.owner.partition
        await kept.delete(f"{len(owner)}.{owner}.{run.session_id}")
        (question,) = run.questions
        await (await runs_of(context)).answer(run.id, {question.id: "yes"})
        answered = await finished(context, run.id)
    assert answered.run.failure is not None
    assert answered.run.failure.code == "interrupted"
