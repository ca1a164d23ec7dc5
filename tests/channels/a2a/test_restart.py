"""A server is killed in the middle of a stream: the client comes back to the next one."""

import json
from pathlib import Path
from typing import Any

from tests.channels.a2a.hosting import COMPLETED, V1, message, rpc, said
from tests.durable.server import KilledServer

TARGETS = "tests/durable/target.py"
MOUNTED = {"AGENT_HOST_CHANNELS__A2A__PATH": "/a2a"}


def first_words(server: KilledServer, params: Any) -> tuple[str, int]:
    """The task's id, and the id of the event with its first words."""
    task_id = ""
    number = -1
    asked = rpc("SendStreamingMessage", params)
    with server.client.stream("POST", "/a2a", json=asked, headers=V1) as stream:
        for line in stream.iter_lines():
            if line.startswith("id: "):
                number = int(line.removeprefix("id: "))
            elif line.startswith("data: "):
                told = json.loads(line.removeprefix("data: "))["result"]
                task_id = told.get("task", {}).get("id") or task_id
                if "artifactUpdate" in told:
                    return task_id, number
    raise AssertionError("the stream ended before anything was said")


def ask(server: KilledServer, method: str, params: Any) -> Any:
    return server.client.post("/a2a", json=rpc(method, params), headers=V1).json()


def following(server: KilledServer, task_id: str, number: int) -> list[Any]:
    """The rest of the task, which may end once it is followed."""
    asked = rpc("SubscribeToTask", {"id": task_id})
    headers = {**V1, "last-event-id": str(number)}
    with server.client.stream("POST", "/a2a", json=asked, headers=headers) as stream:
        lines = (line for line in stream.iter_lines() if line.startswith("data: "))
        first = next(lines)
        server.gate.touch()
        return [json.loads(line.removeprefix("data: "))["result"] for line in (first, *lines)]


def words(told: list[Any]) -> str:
    """The answer, as a client puts it together."""
    text = ""
    for one in told:
        text = said(one["task"]) if "task" in one else text
        update = one.get("artifactUpdate")
        if update is not None:
            piece = "".join(part["text"] for part in update["artifact"]["parts"])
            text = text + piece if update.get("append") else piece
    return text


def test_the_task_goes_on_and_its_client_hears_the_rest(tmp_path: Path) -> None:
    target = f"{TARGETS}:rerunnable"
    asked = {"message": message("hello", contextId="here")}
    with KilledServer(tmp_path, target, environ=MOUNTED) as server:
        task_id, number = first_words(server, asked)
    with KilledServer(tmp_path, target, environ=MOUNTED) as server:
        kept = ask(server, "GetTask", {"id": task_id})["result"]
        told = following(server, task_id, number)
        task = ask(server, "GetTask", {"id": task_id})["result"]
        attempts = server.attempts
    assert kept["contextId"] == "here"
    assert attempts == ["hello 1", "hello 2"]
    assert words(told) == said(task) == "hello done"
    assert told[-1]["statusUpdate"]["status"]["state"] == COMPLETED


def test_a_task_that_may_not_be_run_again_has_failed(tmp_path: Path) -> None:
    target = f"{TARGETS}:once"
    with KilledServer(tmp_path, target, environ=MOUNTED) as server:
        task_id, _ = first_words(server, {"message": message("hello")})
    with KilledServer(tmp_path, target, environ=MOUNTED) as server:
        task = ask(server, "GetTask", {"id": task_id})["result"]
        while task["status"]["state"] not in {"TASK_STATE_FAILED", COMPLETED}:
            task = ask(server, "GetTask", {"id": task_id})["result"]
    assert task["status"]["state"] == "TASK_STATE_FAILED"
    assert task["status"]["message"]["parts"][0]["metadata"]["errorCode"] == "interrupted"
    assert said(task) == "hello "
