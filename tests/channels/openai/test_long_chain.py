"""A thousand turns by `previous_response_id`: all of them are kept, and each costs the same."""

from typing import Any, NamedTuple

import httpx
import pytest
from openai import BadRequestError

from agent_host.stores.memory import MemoryStateStore
from agent_host.types import SessionPolicy, Turn
from agent_host_openai import transcript
from tests.channels.openai.hosting import hosted
from tests.host.counting_store import CountingStore

TURNS = 1000
WINDOW = 10
EARLY = 10
"""From here on the target's history is full."""


class Cost(NamedTuple):
    """What one turn takes of the store."""

    commits: int
    writes: int
    reads: int
    total_bytes: int


async def answer(turn: Turn) -> str:
    """How much the target is given, and what the caller said before."""
    messages = turn.conversation_messages
    return f"{len(messages)} messages, before it {messages[-3].text if messages[1:] else None}"


async def say(http: httpx.AsyncClient, text: str, after: str | None) -> tuple[str, str]:
    response = await http.post("/v1/responses", json={"input": text, "previous_response_id": after})
    body: dict[str, Any] = response.json()
    assert response.is_success, body
    return body["id"], body["output"][0]["content"][0]["text"]


async def test_a_thousand_turns_are_kept_and_the_last_costs_as_much_as_the_tenth() -> None:
    store = CountingStore(MemoryStateStore())
    policy = SessionPolicy(history_limit_messages=WINDOW)
    made: list[str] = []
    texts: list[str] = []
    costs: list[Cost] = []
    async with hosted(answer, store=store, session_policy=policy) as served:
        for turn in range(TURNS):
            store.reset()
            answered = await say(served.http, f"said {turn:04}", made[-1] if made else None)
            costs.append(Cost(store.commits, store.writes, store.reads, store.total_bytes))
            made.append(answered[0])
            texts.append(answered[1])
        assert texts[-1] == f"{WINDOW + 1} messages, before it said {TURNS - 2:04}"

        listed = served.openai.responses.input_items.list(made[-1], limit=100, order="asc")
        said = [item.to_dict()["content"][0]["text"] async for item in listed]  # type: ignore[index]
        assert said[::2] == [f"said {turn:04}" for turn in range(TURNS)]

        first = await served.openai.responses.input_items.list(made[0])
        _, branch = await say(served.http, "another way", made[2])
        _, fork = await say(served.http, "from the start", made[0])
    assert [item.to_dict()["content"][0]["text"] for item in first.data] == ["said 0000"]  # type: ignore[index]
    assert branch == "7 messages, before it said 0002"
    assert fork == "3 messages, before it said 0000"

    early, late = costs[EARLY], costs[-1]
    assert late[:3] == early[:3]
    assert abs(late.total_bytes - early.total_bytes) < 0.02 * early.total_bytes


async def test_what_lies_too_far_back_is_said_and_never_taken_for_something_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transcript, "_AT_ONCE", 2)
    monkeypatch.setattr(transcript, "MESSAGES_LIMIT", 4)
    made: list[str] = []
    async with hosted(answer) as served:
        for turn in range(4):
            last, _ = await say(served.http, f"said {turn}", made[-1] if made else None)
            made.append(last)
        for far in made[:2]:
            with pytest.raises(BadRequestError, match="too much was said") as refused:
                await served.openai.responses.create(input="x", previous_response_id=far)
            assert refused.value.param == "previous_response_id"
            assert (await served.openai.responses.input_items.list(far)).data == []
        _, near = await say(served.http, "another way", made[2])
    assert near == "3 messages, before it said 2"
