"""A2A 0.3 to the letter: what we send is checked against the models of the official SDK."""

from typing import Any
from uuid import uuid4

import pytest
from a2a.compat.v0_3 import types as old
from pydantic import BaseModel

from agent_host_a2a.inbound_0_3 import to_1_0
from agent_host_a2a.outbound_0_3 import from_response
from agent_host_a2a.schema import Operation
from tests.channels.a2a.agent import converse
from tests.channels.a2a.hosting import error, frames, hosted, result, rpc

OLD = {"a2a-version": "0.3"}
KINDS: dict[str, type[BaseModel]] = {
    "task": old.Task,
    "message": old.Message,
    "status-update": old.TaskStatusUpdateEvent,
    "artifact-update": old.TaskArtifactUpdateEvent,
}


def said(text: str, **members: Any) -> dict[str, Any]:
    parts = [{"kind": "text", "text": text}]
    message = {"kind": "message", "messageId": str(uuid4()), "role": "user", "parts": parts}
    return {"message": {**message, **members}}


def exact(value: dict[str, Any]) -> BaseModel:
    """The value as its model, which says all that the value says."""
    model = KINDS[value["kind"]].model_validate(value)
    assert model.model_dump(mode="json", by_alias=True, exclude_none=True) == value
    return model


@pytest.mark.parametrize("text", ["Hello!", "ask", "fail", "reject", "files", "data", "artifacts"])
async def test_a_task_is_one_of_0_3(text: str) -> None:
    async with hosted(converse) as client:
        task = await result(client, "message/send", said(text), a2a_version="0.3")
        fetched = await result(client, "tasks/get", {"id": task["id"]}, a2a_version="0.3")
    assert exact(task)
    assert exact(fetched)


@pytest.mark.parametrize("text", ["stream", "ask", "fail", "files", "progress", "sign in"])
async def test_a_stream_ends_with_what_is_final(text: str) -> None:
    async with hosted(converse) as client:
        response = await client.post("/a2a", json=rpc("message/stream", said(text)), headers=OLD)
    told = [frame["result"] for frame in frames(response.text)]
    assert [exact(one) for one in told]
    finals = [one["final"] for one in told if one["kind"] == "status-update"]
    assert finals[-1] is True
    assert not any(finals[:-1])


async def test_not_blocking_is_returning_immediately() -> None:
    params = {**said("wait"), "configuration": {"blocking": False}}
    async with hosted(converse) as client:
        task = await result(client, "message/send", params, a2a_version="0.3")
        stopped = await result(client, "tasks/cancel", {"id": task["id"]}, a2a_version="0.3")
    assert task["status"]["state"] in {"submitted", "working"}
    assert stopped["status"]["state"] == "canceled"


@pytest.mark.parametrize(
    "parts",
    [
        [{"kind": "image"}],
        [{"text": "x"}],
        [7],
        [{"kind": "data"}],
        [{"kind": "file"}],
        [{"kind": "file", "file": {}}],
        [{"kind": "file", "file": "x"}],
        [{"kind": "text"}],
        [],
    ],
)
async def test_parts_of_another_form_are_refused(parts: list[Any]) -> None:
    async with hosted(converse) as client:
        refused = await error(client, "message/send", said("", parts=parts), a2a_version="0.3")
    assert refused["code"] == -32602


async def test_files_and_data_are_read() -> None:
    parts = [
        {"kind": "text", "text": "x"},
        {"kind": "file", "file": {"bytes": "AAEC", "name": "a.bin", "mimeType": "x/y"}},
        {"kind": "file", "file": {"uri": "https://example.org/a"}},
        {"kind": "data", "data": {"a": [1]}},
    ]
    async with hosted(converse) as client:
        task = await result(client, "message/send", said("", parts=parts), a2a_version="0.3")
    sent = task["history"][0]["parts"]
    assert sent[1]["file"] == {"bytes": "AAEC", "name": "a.bin", "mimeType": "x/y"}
    assert sent[2]["file"]["uri"] == "https://example.org/a"
    assert sent[3]["data"] == {"a": [1]}


def test_roles_and_wishes_are_translated() -> None:
    params: Any = to_1_0(
        Operation.SEND,
        {
            "message": {"role": "agent", "parts": [{"type": "text", "text": "x"}]},
            "configuration": {"blocking": True, "pushNotificationConfig": {"url": "u"}},
        },
    )
    assert params["message"] == {"role": "ROLE_AGENT", "parts": [{"text": "x"}]}
    assert params["configuration"]["returnImmediately"] is False
    assert params["configuration"]["taskPushNotificationConfig"] == {"url": "u"}


def test_data_that_is_no_object_is_wrapped() -> None:
    message = {"messageId": "m", "role": "ROLE_AGENT", "parts": [{"data": [1], "mediaType": "a/b"}]}
    told = from_response({"message": message})
    assert told["parts"] == [{"kind": "data", "data": {"value": [1]}}]
