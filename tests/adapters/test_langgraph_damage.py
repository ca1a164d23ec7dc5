"""A graph's checkpoints of which some cannot be read: set aside with all that needs them, and the
thread goes on from the one before, or anew.
"""

# pyright: reportMissingTypeStubs=false
# LangGraph is typed, but as a namespace package it does not look so.

import logging
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import interrupt

from agent_host.adapters.langgraph_live_state import live_state_saver
from agent_host.adapters.langgraph_record import StrictSerializer
from agent_host.adapters.langgraph_saver import TurnSaver
from agent_host.host.run.checkpoint import COLLECTION, OwnedCheckpoints
from agent_host.protocols.host_context import HostContext
from agent_host.stores.disk import DiskStateStore
from agent_host.types import Owner, Record, Run, RunStatus
from agent_host.types.store import Key, Put
from tests.adapters.driving import OWNER
from tests.host.harness import finished, hosted, request, runs_of

DAMAGED: Final = b"\x80\x04\x95pickle"
NEWER: Final = b'{"v":999,"k":"%b","d":{"new":1}}'
DAY: Final = timedelta(days=1)


def place(**more: Any) -> RunnableConfig:
    return {"configurable": {"thread_id": "t", "checkpoint_ns": "", **more}}


def partition_of(owner: Owner, scope: str) -> str:
    return f"{len(owner.partition)}.{owner.partition}.{scope}"


def saver_on(store: DiskStateStore) -> TurnSaver:
    kept = OwnedCheckpoints(store, OWNER, DAY)
    return TurnSaver(kept, StrictSerializer({}), live_state_saver())


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[DiskStateStore]:
    async with DiskStateStore(tmp_path, lock_wait=timedelta()) as store:
        yield store


async def five_steps(saver: TurnSaver) -> list[RunnableConfig]:
    """`a` changes with each, `b` with the second only; two tasks wrote behind the last."""
    config, made = place(), list[RunnableConfig]()
    for step in range(5):
        checkpoint = empty_checkpoint()
        since = {"a": str(step)} if step != 1 else {"a": "1", "b": "1"}
        checkpoint["channel_versions"] = {"a": str(step), **({"b": "1"} if step else {})}
        checkpoint["channel_values"] = {"a": step, "b": "shared"}
        config = await saver.aput(config, checkpoint, {"step": step}, since)  # type: ignore[arg-type]
        made.append(config)
    await saver.aput_writes(config, [("a", 1), ("b", {"x": 2})], "one")
    await saver.aput_writes(config, [("a", 3)], "two")
    return made


async def records(store: DiskStateStore, kind: str) -> list[Record]:
    found = await store.scan(COLLECTION, partition_of(OWNER, "t"), limit=1000)
    return [record for record in found if record.key.id.startswith(f"{kind}.")]


async def plant(store: DiskStateStore, keys: Iterable[Key], value: bytes = DAMAGED) -> None:
    await store.commit([Put(key, value) for key in keys])


async def aside(store: DiskStateStore) -> list[str]:
    return sorted(one.key.id for one in await store.quarantined(limit=1000))


async def steps_of(saver: TurnSaver) -> list[Any]:
    return [found.metadata.get("step") async for found in saver.alist(place())]


@pytest.mark.parametrize("value", [DAMAGED, NEWER % b"langgraph_checkpoint", b"", b"{}"])
async def test_a_checkpoint_goes_with_what_was_written_behind_it(
    value: bytes, store: DiskStateStore, caplog: pytest.LogCaptureFixture
) -> None:
    saver = saver_on(store)
    await five_steps(saver)
    newest, writes = (await records(store, "c"))[-1], await records(store, "w")
    await plant(store, [newest.key], value)
    for _ in range(2):
        found = await saver.aget_tuple(place())
        assert found is not None
        assert found.metadata.get("step") == 3
        assert found.checkpoint["channel_values"] == {"a": 3, "b": "shared"}
        assert found.pending_writes == []
    assert await aside(store) == sorted(one.key.id for one in (newest, *writes))
    assert await steps_of(saver) == [3, 2, 1, 0]
    said = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(said) == 2
    assert "goes on from the one before" in caplog.text
    first = (await store.quarantined())[0]
    assert first.key == newest.key
    kept = await store.find_quarantined(first.number)
    assert kept is not None
    assert kept.value == value
    for one in await store.quarantined():
        await store.put_back(one.number)
    await plant(store, [newest.key], newest.value)  # as a release that can read it sees it
    again = await saver.aget_tuple(place())
    assert again is not None
    assert again.metadata.get("step") == 4
    assert again.pending_writes is not None
    assert len(again.pending_writes) == 3


async def test_a_value_goes_with_every_checkpoint_that_has_it(store: DiskStateStore) -> None:
    saver = saver_on(store)
    await five_steps(saver)
    checkpoints, writes = await records(store, "c"), await records(store, "w")
    (shared,) = [one for one in await records(store, "v") if one.key.id.startswith("v.0..1.b.")]
    await plant(store, [shared.key])
    found = await saver.aget_tuple(place())
    assert found is not None
    assert found.metadata.get("step") == 0
    assert found.checkpoint["channel_values"] == {"a": 0}
    expected = [shared, *checkpoints[1:], *writes]
    assert await aside(store) == sorted(one.key.id for one in expected)


async def test_one_that_is_named_is_not_there(store: DiskStateStore) -> None:
    saver = saver_on(store)
    made = await five_steps(saver)
    await plant(store, [(await records(store, "c"))[2].key])
    assert await saver.aget_tuple(made[2]) is None
    assert await steps_of(saver) == [4, 3, 1, 0]
    assert len(await aside(store)) == 1


async def test_a_task_half_of_whose_writes_are_lost_has_written_nothing(
    store: DiskStateStore,
) -> None:
    saver = saver_on(store)
    await five_steps(saver)
    mine = [one for one in await records(store, "w") if ".one." in one.key.id]
    assert len(mine) == 2
    await plant(store, [mine[1].key])
    for _ in range(2):
        found = await saver.aget_tuple(place())
        assert found is not None
        assert found.metadata.get("step") == 4
        assert found.pending_writes == [("two", "a", 3)]
    assert await aside(store) == [one.key.id for one in mine]


def conversing() -> Any:
    def answer(state: MessagesState) -> dict[str, Any]:
        return {"messages": [AIMessage(str(len(state["messages"])))]}

    builder: Any = StateGraph(MessagesState)
    builder.add_node("answer", answer)
    builder.add_edge(START, "answer")
    builder.add_edge("answer", END)
    return builder.compile(checkpointer=InMemorySaver())


def asking() -> Any:
    def ask(_: MessagesState) -> dict[str, Any]:
        return {"messages": [AIMessage(str(interrupt("Really?")))]}

    builder: Any = StateGraph(MessagesState)
    builder.add_node("ask", ask)
    builder.add_edge(START, "ask")
    builder.add_edge("ask", END)
    return builder.compile(checkpointer=InMemorySaver())


def thread_of(run: Run) -> str:
    owner = run.owner
    scope = f"{len(owner.partition)}.{owner.partition}.{run.session_id or run.id}"
    return partition_of(owner, scope)


async def said_by(context: HostContext) -> tuple[str, Run]:
    answered = await context.run(request("hi", session="one"))
    assert answered.run.status is RunStatus.COMPLETED, answered.run.failure
    assert answered.result is not None
    return answered.result.text, answered.run


async def kept_of(store: DiskStateStore, run: Run, kind: str) -> list[Key]:
    found = await store.scan(COLLECTION, thread_of(run), limit=1000)
    return [record.key for record in found if record.key.id.startswith(f"{kind}.")]


async def test_a_session_goes_on_from_its_last_readable_checkpoint(tmp_path: Path) -> None:
    store = DiskStateStore(tmp_path, lock_wait=timedelta())
    async with hosted(conversing(), store=store) as context:
        assert (await said_by(context))[0] == "1"
        text, run = await said_by(context)
        assert text == "3"
        last = (await kept_of(store, run, "c"))[-1]
        await plant(store, [last])
        # The answer that was the last checkpoint's is gone, the question before it is not.
        assert (await said_by(context))[0] == "4"
        assert (await said_by(context))[0] == "6"
        assert [one.key for one in await store.quarantined()] == [last]


async def test_a_session_of_which_nothing_can_be_read_begins_anew(tmp_path: Path) -> None:
    store = DiskStateStore(tmp_path, lock_wait=timedelta())
    async with hosted(conversing(), store=store) as context:
        _, run = await said_by(context)
        keys = [*await kept_of(store, run, "c"), *await kept_of(store, run, "v")]
        await plant(store, keys)
        assert (await said_by(context))[0] == "1"
        assert (await said_by(context))[0] == "3"


@pytest.mark.parametrize(("kind", "asks_again"), [("c", False), ("v", False), ("w", True)])
async def test_an_answer_to_what_cannot_be_read_costs_its_run_at_most(
    kind: str, asks_again: bool, tmp_path: Path
) -> None:
    store = DiskStateStore(tmp_path, lock_wait=timedelta())
    async with hosted(asking(), store=store) as context:
        asked = await context.run(request("hi", session="one"))
        await plant(store, await kept_of(store, asked.run, kind))
        (question,) = asked.run.questions
        await (await runs_of(context)).answer(asked.run.id, {question.id: "yes"})
        run = (await finished(context, asked.run.id)).run
        if asks_again:
            assert run.status is RunStatus.INPUT_REQUIRED
            (question,) = run.questions
            await (await runs_of(context)).answer(asked.run.id, {question.id: "yes"})
            run = (await finished(context, asked.run.id)).run
            assert run.status is RunStatus.COMPLETED
        else:
            assert run.failure is not None
            assert run.failure.code == "interrupted"
        again = await context.run(request("hi", session="one"))
        assert again.run.status is RunStatus.INPUT_REQUIRED
        assert await store.quarantined()


GARBAGE: Final = st.one_of(
    st.binary(max_size=40),
    st.integers(0, 2**30),  # cut off, or with a byte changed, there
    st.just(NEWER % b"langgraph_checkpoint"),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
async def test_any_damage_costs_no_more_than_it_hit(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("damage")
    store = DiskStateStore(folder, lock_wait=timedelta())
    async with hosted(conversing(), store=store) as context:
        _, run = await said_by(context)
        await said_by(context)
        found = await store.scan(COLLECTION, thread_of(run), limit=1000)
        hit = data.draw(st.lists(st.sampled_from(found), min_size=1, max_size=3, unique=True))
        planted: dict[Key, bytes] = {}
        for record in hit:
            what = data.draw(GARBAGE)
            if isinstance(what, int):
                at = what % len(record.value)
                what = data.draw(
                    st.sampled_from(
                        [record.value[:at], record.value[:at] + b"\x00" + record.value[at + 1 :]]
                    )
                )
            planted[record.key] = what
        await store.commit([Put(key, value) for key, value in planted.items()])
        for _ in range(2):
            answered = await context.run(request("hi", session="one"))
            assert answered.run.status is RunStatus.COMPLETED, answered.run.failure
        other = await context.run(request("hi", session="two"))
        assert other.result is not None
        assert other.result.text == "1"
        for one in await store.quarantined():
            kept = await store.find_quarantined(one.number)
            assert kept is not None
            assert kept.value == planted.get(one.key, kept.value)
