"""What outlives the process: the context of a session, the task of a run, an open question."""

from dataclasses import replace
from typing import Any

import pytest

from agent_host.agents.remote_a2a import RemoteA2AAgent
from agent_host.agents.remote_a2a.thread import Threads
from agent_host.errors import TargetError, UnreadableRecordError
from agent_host.host.run.checkpoint import OwnedCheckpoints
from agent_host.stores.memory import MemoryStateStore
from agent_host.types import (
    Answer,
    CancelSignal,
    InputRequired,
    IsolationKey,
    Owner,
    RunEvent,
    RunPolicy,
    TextDelta,
    Turn,
)
from tests.adapters.driving import OWNER, Driven
from tests.agents.remote_a2a.double import OPTIONS, Stream, Whole, misbehaving, status, task, words
from tests.agents.remote_a2a.serving import new_turn, remote

RETENTION = RunPolicy().retention


def checkpoints(store: MemoryStateStore, owner: Owner = OWNER) -> OwnedCheckpoints:
    """What an owner's turns are given."""
    return OwnedCheckpoints(store, owner, RETENTION)


async def suspended(agent: RemoteA2AAgent, turn: Turn) -> Driven:
    """A run up to where its stream ends, be that a question."""
    return Driven(events=[event async for event in agent.run(turn)])


async def answered(agent: RemoteA2AAgent, turn: Turn, asked: Driven, value: Any) -> Driven:
    """The attempt that takes the answer."""
    (question,) = asked.of(InputRequired)[0].questions
    values = {question.id: value}
    return await suspended(agent, replace(turn, answer=Answer(values=values), attempt=2))


async def test_a_context_outlives_the_process() -> None:
    async def counts(turn: Turn) -> str:
        return f"{0 if turn.history is None else len(turn.history.messages)} before"

    async with MemoryStateStore() as store, remote(target=counts) as agent:
        kept = checkpoints(store)
        first = await suspended(agent, new_turn(session_id="ses_1", checkpoints=kept))
        again = RemoteA2AAgent(agent.url)
        async with again:
            second = await suspended(again, new_turn(session_id="ses_1", checkpoints=kept))
            other = Owner(tenant="default", isolation_key=IsolationKey("iso_2"))
            strange = new_turn(session_id="ses_1", checkpoints=checkpoints(store, other))
            third = await suspended(again, strange)
    assert [one.result.text for one in (first, second, third)] == [
        "0 before",
        "2 before",
        "0 before",
    ]


@pytest.mark.parametrize("streams", [True, False])
async def test_a_question_outlives_the_process(*, streams: bool) -> None:
    async with MemoryStateStore() as store, remote(streams=streams) as agent:
        turn = new_turn("ask twice", checkpoints=checkpoints(store))
        asked = await suspended(agent, turn)
        async with RemoteA2AAgent(agent.url) as again:
            more = await answered(again, turn, asked, 3)
            done = await answered(again, turn, more, value=True)
    assert asked.of(InputRequired)[0].questions[0].prompt == "How many days?"
    assert done.result.text == "first 3 True"


async def test_an_answer_is_sent_once_though_its_attempt_died() -> None:
    question = Stream([task("INPUT_REQUIRED", said="Which?")])
    over = Whole(result=task("COMPLETED", "red")["task"])
    async with MemoryStateStore() as store, misbehaving(question, over) as (agent, double):
        turn = new_turn(checkpoints=checkpoints(store))
        asked = await suspended(agent, turn)
        done = await answered(agent, turn, asked, "red")
    assert double.methods == ["SendStreamingMessage", "GetTask"]
    assert done.result.text == "red"


async def test_a_run_goes_on_with_its_task_after_a_crash() -> None:
    first = Stream([task("WORKING"), words("one ", append=False)], then="never")
    looked = Whole(result=task("WORKING", "one two ")["task"])
    rest = Stream([task("WORKING", "one two "), words("three"), status("COMPLETED")])
    patient = replace(OPTIONS, idle_time_limit=OPTIONS.idle_time_limit * 20)
    async with (
        MemoryStateStore() as store,
        misbehaving(first, looked, rest, options=patient) as (agent, double),
    ):
        cancelled = CancelSignal()
        turn = new_turn(checkpoints=checkpoints(store), cancelled=cancelled)
        events: list[RunEvent] = []
        async for event in agent.run(turn):
            events.append(event)
            if isinstance(event, TextDelta):
                cancelled.set("shutdown")
        done = await suspended(agent, replace(turn, cancelled=CancelSignal(), attempt=2))
    # Nobody cancelled the task: another attempt was to go on with it.
    assert double.methods == ["SendStreamingMessage", "GetTask", "SubscribeToTask"]
    assert done.result.text == "one two three"


async def test_an_answer_to_what_is_not_kept_any_more() -> None:
    async with MemoryStateStore() as store, misbehaving() as (agent, _):
        turn = new_turn(checkpoints=checkpoints(store), answer=Answer(values={}))
        with pytest.raises(TargetError, match="not kept any more") as lost:
            await suspended(agent, turn)
    assert lost.value.code == "interrupted"


async def test_a_conversation_with_another_agent_is_not_this_ones() -> None:
    async with MemoryStateStore() as store:
        turn = new_turn(session_id="ses_1", checkpoints=checkpoints(store))
        await Threads("http://one").keep_context(turn, "c-1")
        assert await Threads("http://one").context(turn) == "c-1"
        assert await Threads("http://two").context(turn) is None


@pytest.mark.parametrize("planted", [b"", b"{}", b"\x80\x04N.", b'{"v":2,"k":"x","d":{}}'])
async def test_a_planted_record_is_refused_once(planted: bytes) -> None:
    async with MemoryStateStore() as store:
        kept = checkpoints(store)
        turn = new_turn(session_id="ses_1", checkpoints=kept)
        await kept.put("remote_a2a.session.ses_1", {"context": planted})
        await kept.put(f"remote_a2a.run.{turn.run_id}", {"task": planted})
        assert await Threads("http://one").context(turn) is None  # the conversation begins anew
        with pytest.raises(UnreadableRecordError):
            await Threads("http://one").task(turn)
        assert await Threads("http://one").task(turn) is None
        assert await kept.get("remote_a2a.session.ses_1", "context") is None


async def test_a_run_that_was_sent_is_not_sent_again_where_its_task_cannot_be_read() -> None:
    async with MemoryStateStore() as store, misbehaving() as (agent, double):
        kept = checkpoints(store)
        turn = new_turn(checkpoints=kept, attempt=2)
        await kept.put(f"remote_a2a.run.{turn.run_id}", {"task": b"?"})
        with pytest.raises(TargetError, match="cannot be read") as lost:
            await suspended(agent, turn)
        assert double.methods == []
    assert lost.value.code == "interrupted"


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent_host.agents.remote_a2a.thread._KEPT", 2)
    threads = Threads("http://one")
    for number in range(3):
        await threads.keep_context(new_turn(session_id=f"ses_{number}"), f"c-{number}")
    found = [await threads.context(new_turn(session_id=f"ses_{number}")) for number in range(3)]
    assert found == [None, "c-1", "c-2"]
    assert await threads.context(new_turn()) is None
