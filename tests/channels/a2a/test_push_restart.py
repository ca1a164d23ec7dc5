"""The server is killed while it pushes: the next one goes on where the receiver is."""

import asyncio
import json
from pathlib import Path
from typing import Any

from starlette.responses import Response

from tests.channels.a2a.hosting import COMPLETED, V1, message, rpc
from tests.channels.a2a.receiver import Receiver, answering, never, receiving
from tests.durable.server import KilledServer

TALKS = "tests/channels/a2a/agent.py:converse"
WAITS = "tests/durable/target.py:rerunnable"
HANGS_AT = (1, 5, 14)
"""Which request of each process is never answered: it is killed while it waits for that."""


def environ(receiver: Receiver) -> dict[str, str]:
    return {
        "AGENT_HOST_CHANNELS__A2A__PATH": "/a2a",
        "AGENT_HOST_OUTBOUND__ALLOW": json.dumps([receiver.url]),
    }


def start(server: KilledServer, text: str, url: str) -> str:
    """The id of a task that goes on by itself and is pushed."""
    wishes = {"returnImmediately": True, "taskPushNotificationConfig": {"url": url}}
    asked = rpc("SendMessage", {"message": message(text), "configuration": wishes})
    answer = server.client.post("/a2a", json=asked, headers=V1).json()
    task_id: str = answer["result"]["task"]["id"]
    return task_id


def until_over(server: KilledServer, task_id: str) -> None:
    """Return once the task is; its notifications may not be."""
    state = ""
    while state != COMPLETED:
        asked = rpc("GetTask", {"id": task_id})
        answer = server.client.post("/a2a", json=asked, headers=V1).json()
        state = answer["result"]["status"]["state"]


def places(receiver: Receiver) -> list[tuple[int, int]]:
    """Which entry, and which update of it, each request was about."""
    keys = [request.headers["idempotency-key"].strip('"') for request in receiver.requests]
    return [(int(key.split(".")[1]), int(key.split(".")[2])) for key in keys]


async def test_nothing_is_lost_and_no_more_doubled_than_was_on_its_way(tmp_path: Path) -> None:
    hung = asyncio.Event()

    async def hang() -> Response:
        hung.set()
        return await never()

    async with receiving() as receiver:
        for number, at in enumerate(HANGS_AT):
            hung.clear()
            receiver.script = [answering(204)] * (at - 1) + [hang]
            server = KilledServer(tmp_path, TALKS, environ=environ(receiver))
            await asyncio.to_thread(server.__enter__)
            try:
                if not number:
                    task_id = await asyncio.to_thread(start, server, "stream", receiver.url)
                    await asyncio.to_thread(until_over, server, task_id)
                async with asyncio.timeout(20):
                    await hung.wait()
            finally:
                await asyncio.to_thread(server.__exit__, None, None, None)
        receiver.script = []
        server = KilledServer(tmp_path, TALKS, environ=environ(receiver))
        await asyncio.to_thread(server.__enter__)
        try:
            await receiver.until_state(COMPLETED)
        finally:
            await asyncio.to_thread(server.__exit__, None, None, None)
    told = places(receiver)
    assert told == sorted(told)
    assert len(told) - len(set(told)) <= len(HANGS_AT)
    assert answer(receiver) == "".join(f"{number} " for number in range(20))


async def test_a_run_that_goes_on_in_the_next_process_is_pushed_from_there(tmp_path: Path) -> None:
    async with receiving() as receiver:
        server = KilledServer(tmp_path, WAITS, environ=environ(receiver))
        await asyncio.to_thread(server.__enter__)
        try:
            await asyncio.to_thread(start, server, "hello", receiver.url)
            await receiver.until(lambda receiver: answer(receiver) == "hello ")
        finally:
            await asyncio.to_thread(server.__exit__, None, None, None)
        server.gate.touch()
        server = KilledServer(tmp_path, WAITS, environ=environ(receiver))
        await asyncio.to_thread(server.__enter__)
        try:
            await receiver.until_state(COMPLETED)
        finally:
            await asyncio.to_thread(server.__exit__, None, None, None)
    told = places(receiver)
    assert told == sorted(told)
    assert len(told) - len(set(told)) <= 1
    assert answer(receiver) == "hello done"


def answer(receiver: Receiver) -> str:
    """The answer's text, as a receiver puts it together that drops what it had."""
    text = ""
    seen: set[str] = set()
    for request in receiver.requests:
        key = request.headers["idempotency-key"]
        update: dict[str, Any] | None = request.body.get("artifactUpdate")
        if update is None or key in seen:
            continue
        seen.add(key)
        piece = "".join(part["text"] for part in update["artifact"]["parts"])
        text = text + piece if update.get("append") else piece
    return text
