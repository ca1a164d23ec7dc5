"""Streams: what is told, in which order, and that whoever comes back misses nothing."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from agent_host.types import RunCompleted, RunEvent, RunResult, TextDelta, Turn
from agent_host.types.run_policy import DisconnectPolicy, RunPolicy
from agent_host_a2a import A2AConfig
from tests.channels.a2a.agent import converse
from tests.channels.a2a.hosting import (
    COMPLETED,
    WORKING,
    events,
    frames,
    hosted,
    message,
    result,
    rpc,
    said,
)


def stream_of(text: str) -> dict[str, Any]:
    return rpc("SendStreamingMessage", {"message": message(text)})


class Steps:
    """Says one word whenever it is let."""

    def __init__(self, words: int) -> None:
        self._words = words
        self._let = asyncio.Semaphore(0)
        self.cancelled = asyncio.Event()

    def let(self, words: int = 1) -> None:
        for _ in range(words):
            self._let.release()

    async def run(self, turn: Turn) -> AsyncGenerator[RunEvent]:
        try:
            for number in range(self._words):
                await self._let.acquire()
                yield TextDelta(text=f"{number} ")
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


class Frames:
    """Reads an event stream one by one: `(id, data)`."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def next(self) -> tuple[int | None, dict[str, Any]]:
        number: int | None = None
        async for line in self._lines:
            if line.startswith("id: "):
                number = int(line.removeprefix("id: "))
            elif line.startswith("data: "):
                return number, json.loads(line.removeprefix("data: "))["result"]
        raise StopAsyncIteration

    async def rest(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            try:
                found.append((await self.next())[1])
            except StopAsyncIteration:
                return found


def words_of(told: list[dict[str, Any]]) -> str:
    """The answer, as a client puts it together from a task and its updates."""
    text = ""
    for one in told:
        if "task" in one:
            text = said(one["task"])
        elif "artifactUpdate" in one:
            update = one["artifactUpdate"]
            piece = "".join(part.get("text", "") for part in update["artifact"]["parts"])
            text = text + piece if update.get("append") else piece
    return text


async def test_each_piece_arrives_as_it_is_said() -> None:
    target = Steps(3)
    async with (
        hosted(target) as client,
        client.stream("POST", "/a2a", json=stream_of("x")) as open_,
    ):
        told = Frames(open_)
        _, first = await told.next()
        target.let()
        pieces: list[str] = []
        while not pieces:
            _, update = await told.next()
            pieces = [words_of([update])] if "artifactUpdate" in update else []
        target.let(2)
        rest = await told.rest()
    assert [*first] == ["task"]
    assert pieces == ["0 "]
    assert words_of([{"task": {}}, *rest]) == "1 2 "
    assert rest[-1]["statusUpdate"]["status"]["state"] == COMPLETED


@pytest.mark.parametrize("missed", [0, 2, 5])
async def test_who_leaves_comes_back_and_misses_nothing(missed: int) -> None:
    """From the last event that was seen, or from the task as it stands."""
    target = Steps(10)
    async with hosted(target) as client:
        async with client.stream("POST", "/a2a", json=stream_of("x")) as open_:
            told = Frames(open_)
            _, first = await told.next()
            target.let(2)
            seen = [first]
            last = None
            while words_of(seen) != "0 1 ":
                last, update = await told.next()
                seen.append(update)
        task_id = first["task"]["id"]
        target.let(missed)
        while True:
            task = await result(client, "GetTask", {"id": task_id})
            if len(said(task).split()) == 2 + missed:
                break
        subscribe = rpc("SubscribeToTask", {"id": task_id})
        back = {"last-event-id": str(last)}
        async with (
            client.stream("POST", "/a2a", json=subscribe, headers=back) as from_there,
            client.stream("POST", "/a2a", json=subscribe) as from_now,
        ):
            there, now = Frames(from_there), Frames(from_now)
            _, as_it_was = await there.next()
            _, as_it_is = await now.next()
            target.let(8 - missed)
            behind, after = await there.rest(), await now.rest()
        whole = said(await result(client, "GetTask", {"id": task_id}))
    assert whole == " ".join(str(number) for number in range(10)) + " "
    assert words_of([as_it_was]) == "0 1 "
    assert words_of([as_it_was, *behind]) == words_of([as_it_is, *after]) == whole
    assert words_of([*seen, *behind]) == whole


async def test_a_client_that_leaves_does_not_end_its_task() -> None:
    target = Steps(2)
    async with hosted(target) as client:
        async with client.stream("POST", "/a2a", json=stream_of("x")) as open_:
            _, first = await Frames(open_).next()
        target.let(2)
        task_id = first["task"]["id"]
        while (await result(client, "GetTask", {"id": task_id}))["status"]["state"] != COMPLETED:
            pass
    assert not target.cancelled.is_set()


async def test_where_the_policy_says_so_it_does() -> None:
    target = Steps(2)
    policy = RunPolicy(on_disconnect=DisconnectPolicy.CANCEL)
    async with hosted(target, run_policy=policy) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post(
                "/a2a", json=rpc("SendMessage", {"message": message("x")}), timeout=0.5
            )
        await asyncio.wait_for(target.cancelled.wait(), 20)


async def test_a_result_that_says_otherwise_replaces_what_was_streamed() -> None:
    async def change_its_mind(turn: Turn) -> AsyncGenerator[RunEvent]:
        yield TextDelta(text="draft")
        yield RunCompleted(result=RunResult.of_text("final"))

    async with hosted(change_its_mind) as client:
        told = await events(client, "SendStreamingMessage", {"message": message("x")})
        task = await result(client, "GetTask", {"id": told[0]["task"]["id"]})
    replaced = told[-2]["artifactUpdate"]
    assert "append" not in replaced
    assert replaced["lastChunk"]
    assert words_of(told) == said(task) == "final"


async def test_a_structured_answer_follows_its_text() -> None:
    async def count(turn: Turn) -> dict[str, int]:
        return {"answer": 42}

    async with hosted(count) as client:
        told = await events(client, "SendStreamingMessage", {"message": message("x")})
        task = await result(client, "GetTask", {"id": told[0]["task"]["id"]})
    parts = [{"text": '{"answer": 42}'}, {"data": {"answer": 42}, "mediaType": "application/json"}]
    assert told[-2]["artifactUpdate"]["artifact"]["parts"] == parts
    assert task["artifacts"] == [{"artifactId": "answer", "parts": parts}]


async def test_progress_is_a_status_and_not_part_of_the_answer() -> None:
    async with hosted(converse) as client:
        told = await events(client, "SendStreamingMessage", {"message": message("progress")})
    statuses = [one["statusUpdate"]["status"] for one in told if "statusUpdate" in one]
    said_so = [status for status in statuses if "message" in status]
    assert [(one["state"], one["message"]["parts"]) for one in said_so] == [
        (WORKING, [{"text": "half way"}])
    ]
    assert words_of(told) == "done"


async def test_a_stream_that_cannot_begin_is_an_ordinary_error() -> None:
    async with hosted(converse) as client:
        response = await client.post("/a2a", json=rpc("SubscribeToTask", {"id": "run_x"}, id=7))
    assert response.headers["content-type"] == "application/json"
    assert (response.json()["id"], response.json()["error"]["code"]) == (7, -32001)


async def test_a_silent_stream_is_kept_open() -> None:
    target = Steps(1)
    config = A2AConfig(heartbeat_interval=timedelta(milliseconds=20))
    async with (
        hosted(target, config=config) as client,
        client.stream("POST", "/a2a", json=stream_of("x")) as open_,
    ):
        text = ""
        async for chunk in open_.aiter_text():
            text += chunk
            if ": heartbeat" in text:
                target.let()
    assert frames(text)[-1]["result"]["statusUpdate"]["status"]["state"] == COMPLETED
