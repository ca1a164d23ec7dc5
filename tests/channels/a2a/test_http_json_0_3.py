"""A2A 0.3 over HTTP+JSON to the letter: what we send is read by the protocol buffer of 0.3."""

import json
from base64 import b64encode
from typing import Any

import pytest
from a2a.compat.v0_3 import a2a_v0_3_pb2 as old
from google.protobuf.json_format import ParseDict

from agent_host_a2a import A2AConfig
from tests.channels.a2a.agent import BYTES, converse
from tests.channels.a2a.hosting import frames, hosted
from tests.channels.a2a.receiver import allowing, receiving

OLD = {"a2a-version": "0.3"}


def said(text: str, *more: Any, **members: Any) -> dict[str, Any]:
    """A message as the protocol buffer has it."""
    content = [{"text": text}, *more]
    return {"message": {"messageId": text, "role": "ROLE_USER", "content": content, **members}}


def exact(value: dict[str, Any], message: Any) -> Any:
    """The value in its protocol buffer, which has room for every member."""
    return ParseDict(value, message)


@pytest.mark.parametrize("text", ["Hello!", "ask", "fail", "reject", "files", "data", "artifacts"])
async def test_a_task_is_one_of_0_3(text: str) -> None:
    async with hosted(converse) as client:
        sent = await client.post("/a2a/v1/message:send", json=said(text), headers=OLD)
        task = exact(sent.json(), old.SendMessageResponse()).task
        again = (await client.get(f"/a2a/v1/tasks/{task.id}", headers=OLD)).json()
        stream = await client.post("/a2a/v1/message:stream", json=said(text), headers=OLD)
    assert exact(again, old.Task()).status.state == task.status.state
    told = [exact(one, old.StreamResponse()) for one in frames(stream.text)]
    assert told[0].HasField("task")
    assert told[-1].status_update.final
    assert told[-1].status_update.status.state == task.status.state


@pytest.mark.parametrize("headers", [{}, OLD, {"a2a-version": "1.0"}])
async def test_the_path_says_the_version(headers: dict[str, str]) -> None:
    async with hosted(converse) as client:
        del client.headers["a2a-version"]
        sent = await client.post("/a2a/v1/message:send", json=said("Hello!"), headers=headers)
    assert sent.json()["task"]["artifacts"][0]["parts"] == [{"text": "Hello!"}]


async def test_both_names_of_the_message_and_both_forms_are_taken() -> None:
    snake = {
        "request": {
            "message_id": "m",
            "context_id": "here",
            "role": "ROLE_USER",
            "content": [{"text": "attributes"}],
        },
        "configuration": {"blocking": True, "accepted_output_modes": ["application/json"]},
    }
    kinds = {
        "message": {
            "kind": "message",
            "messageId": "m",
            "role": "user",
            "parts": [{"kind": "text", "text": "Hello!"}],
        }
    }
    async with hosted(converse) as client:
        one = (await client.post("/a2a/v1/message:send", json=snake, headers=OLD)).json()["task"]
        two = (await client.post("/a2a/v1/message:send", json=kinds, headers=OLD)).json()["task"]
    (part,) = one["artifacts"][0]["parts"]
    assert one["contextId"] == "here"
    assert part["data"]["data"]["seen"]["acceptedOutputModes"] == ["application/json"]
    assert two["artifacts"][0]["parts"] == [{"text": "Hello!"}]


async def test_what_is_not_said_to_be_waited_for_is_not() -> None:
    async with hosted(converse) as client:
        body: Any = {**said("wait"), "configuration": {}}
        task = (await client.post("/a2a/v1/message:send", json=body, headers=OLD)).json()["task"]
        place = f"/a2a/v1/tasks/{task['id']}"
        stopped = (await client.post(f"{place}:cancel", headers=OLD)).json()
        while stopped["status"]["state"] != "TASK_STATE_CANCELLED":
            stopped = (await client.get(place, headers=OLD)).json()
        again = await client.post(f"{place}:cancel", headers=OLD)
    assert exact(stopped, old.Task()).status.state == old.TASK_STATE_CANCELLED
    assert (again.status_code, again.json()["type"]) == (409, "TaskNotCancelableError")


async def test_files_and_data_come_and_go() -> None:
    parts = (
        {"file": {"fileWithBytes": b64encode(b"\xff").decode(), "mimeType": "image/png"}},
        {"file": {"file_with_uri": "https://example.org/x", "mime_type": "image/png", "name": "n"}},
        {"data": {"data": {"a": 1}}},
    )
    async with hosted(converse) as client:
        sent = await client.post("/a2a/v1/message:send", json=said("files", *parts), headers=OLD)
        task = exact(sent.json()["task"], old.Task())
        kept = (await client.get(f"/a2a/v1/tasks/{task.id}?historyLength=1", headers=OLD)).json()
        all_of_it = (await client.get(f"/a2a/v1/tasks/{task.id}", headers=OLD)).json()
    inline, linked = task.artifacts[0].parts
    assert (inline.file.file_with_bytes, inline.file.name) == (BYTES, "one.png")
    assert linked.file.file_with_uri == "https://example.org/x"
    _, raw, url, data = exact(kept, old.Task()).history[0].content
    assert (raw.file.file_with_bytes, url.file.name, data.data.data["a"]) == (b"\xff", "n", 1)
    assert len(all_of_it["history"]) == 1


WRONG: list[Any] = [
    {},
    {"message": "x"},
    {"message": {"content": "x"}},
    {"message": {"content": ["x"]}},
    {"message": {"content": [None]}},
    {"message": {"content": [{}]}},
    {"message": {"content": [{"data": 1}]}},
    {"message": {"messageId": "m", "role": "ROLE_USER", "content": [{"file": {}}]}},
    {**said("x"), "configuration": 7},
    [],
]


@pytest.mark.parametrize("body", WRONG)
@pytest.mark.parametrize("verb", ["send", "stream"])
async def test_what_is_not_as_documented_is_refused(body: Any, verb: str) -> None:
    async with hosted(converse) as client:
        response = await client.post(f"/a2a/v1/message:{verb}", json=body, headers=OLD)
    assert response.status_code == 400
    assert response.json()["type"] in {"InvalidParamsError", "InvalidRequestError"}


async def test_other_errors_have_the_names_of_0_3() -> None:
    async with hosted(converse) as client:
        missing = await client.get("/a2a/v1/tasks/x", headers=OLD)
        followed = await client.get("/a2a/v1/tasks/x:subscribe", headers=OLD)
        push = await client.get("/a2a/v1/tasks/x/pushNotificationConfigs", headers=OLD)
        card = await client.get("/a2a/v1/card", headers=OLD)
        text = {**OLD, "content-type": "text/plain"}
        plain = await client.post("/a2a/v1/message:send", content=b"x", headers=text)
    assert (missing.status_code, missing.json()["type"]) == (404, "TaskNotFoundError")
    assert followed.json()["type"] == "TaskNotFoundError"
    assert push.json()["type"] == "TaskNotFoundError"
    assert card.json()["type"] == "UnsupportedOperationError"
    assert plain.json()["type"] == "ContentTypeNotSupportedError"


async def test_push_configs_have_the_form_of_the_protocol_buffer() -> None:
    async with receiving() as receiver, hosted(converse, outbound=allowing(receiver)) as client:
        sent = (await client.post("/a2a/v1/message:send", json=said("Hello!"), headers=OLD)).json()
        path = f"/a2a/v1/tasks/{sent['task']['id']}/pushNotificationConfigs"
        config = {"id": "one", "url": f"{receiver.url}/hook"}
        wish = {"config": {"pushNotificationConfig": config}}
        made = (await client.post(path, json=wish, headers=OLD)).json()
        shown = (await client.get(f"{path}/one", headers=OLD)).json()
        listed = (await client.get(path, headers=OLD)).json()
        gone = await client.delete(f"{path}/one", headers=OLD)
        none = (await client.get(path, headers=OLD)).json()
    assert made == shown
    assert made["name"].endswith("/pushNotificationConfigs/one")
    assert made["pushNotificationConfig"] == config
    assert listed == {"configs": [made], "nextPageToken": ""}
    assert (gone.status_code, gone.json()) == (200, {})
    assert none["configs"] == []


async def test_it_can_be_switched_off() -> None:
    async with hosted(converse, config=A2AConfig(version_0_3=False)) as client:
        response = await client.post("/a2a/v1/message:send", json=said("x"), headers=OLD)
        card = (await client.get("/.well-known/agent-card.json")).json()
    assert response.status_code == 404
    assert "0.3" not in json.dumps([one["protocolVersion"] for one in card["supportedInterfaces"]])
