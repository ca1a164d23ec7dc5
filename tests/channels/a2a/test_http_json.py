"""The HTTP+JSON binding: statuses, bodies and media types of its own."""

from typing import Any

import pytest

from tests.channels.a2a.agent import converse
from tests.channels.a2a.hosting import COMPLETED, frames, hosted, message

TASKLESS = {"message": message("Hello!")}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "reason"),
    [
        ("GET", "/tasks/run_x", None, 404, "TASK_NOT_FOUND"),
        ("POST", "/tasks/run_x:cancel", None, 404, "TASK_NOT_FOUND"),
        ("POST", "/tasks/run_x:subscribe", None, 404, "TASK_NOT_FOUND"),
        (
            "GET",
            "/tasks/run_x/pushNotificationConfigs",
            None,
            404,
            "TASK_NOT_FOUND",
        ),
        (
            "POST",
            "/tasks/run_x/pushNotificationConfigs",
            {"url": "https://example.org"},
            404,
            "TASK_NOT_FOUND",
        ),
        ("POST", "/tasks/run_x/pushNotificationConfigs", {}, 400, "INVALID_PARAMS"),
        ("GET", "/extendedAgentCard", None, 400, "UNSUPPORTED_OPERATION"),
        ("POST", "/message:send", {}, 400, "INVALID_PARAMS"),
        ("POST", "/message:send", [], 400, "INVALID_REQUEST"),
        ("GET", "/tasks?pageSize=0", None, 400, "INVALID_PARAMS"),
        ("GET", "/tasks?pageSize=101", None, 400, "INVALID_PARAMS"),
        ("GET", "/tasks?status=working", None, 400, "INVALID_PARAMS"),
        ("GET", "/tasks?statusTimestampAfter=yesterday", None, 400, "INVALID_PARAMS"),
        ("GET", "/tasks/run_x?historyLength=-1", None, 400, "INVALID_PARAMS"),
    ],
)
async def test_an_error_is_a_status_and_an_aip_193_body(
    method: str, path: str, body: Any, status: int, reason: str
) -> None:
    async with hosted(converse) as client:
        response = await client.request(method, f"/a2a{path}", json=body)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, status)
    assert error["details"][0]["reason"] == reason
    assert error["details"][0]["domain"] == "a2a-protocol.org"
    assert isinstance(error["status"], str)
    assert error["message"]


async def test_a_task_that_is_over_cannot_be_cancelled_nor_followed() -> None:
    async with hosted(converse) as client:
        task = (await client.post("/a2a/message:send", json=TASKLESS)).json()["task"]
        cancelled = await client.post(f"/a2a/tasks/{task['id']}:cancel", json={})
        followed = await client.post(f"/a2a/tasks/{task['id']}:subscribe")
    assert cancelled.status_code == 409
    assert followed.status_code == 400
    assert followed.json()["error"]["details"][0]["reason"] == "UNSUPPORTED_OPERATION"


async def test_the_media_type_is_the_one_that_was_spoken() -> None:
    kind = "application/a2a+json"
    async with hosted(converse) as client:
        plain = await client.post("/a2a/message:send", json=TASKLESS)
        spoken = await client.post(
            "/a2a/message:send", json=TASKLESS, headers={"content-type": kind}
        )
        asked = await client.get("/a2a/tasks/run_x", headers={"accept": kind})
        wrong = await client.post(
            "/a2a/message:send", content=b"x", headers={"content-type": "text/plain"}
        )
    assert plain.headers["content-type"] == "application/json"
    assert spoken.headers["content-type"] == kind
    assert asked.headers["content-type"] == kind
    assert wrong.status_code == 415


async def test_a_stream_has_one_response_to_an_event() -> None:
    async with hosted(converse) as client:
        response = await client.post("/a2a/message:stream", json={"message": message("stream")})
    assert response.headers["x-accel-buffering"] == "no"
    told = frames(response.text)
    assert [*told[0]] == ["task"]
    assert told[-1]["statusUpdate"]["status"]["state"] == COMPLETED


async def test_only_1_0_is_spoken_and_it_is_named() -> None:
    async with hosted(converse) as client:
        del client.headers["a2a-version"]
        unnamed = await client.get("/a2a/tasks")
        old = await client.get("/a2a/tasks", headers={"a2a-version": "0.3"})
        parameter = await client.get("/a2a/tasks", params={"A2A-Version": "1.0"})
    assert (unnamed.status_code, old.status_code, parameter.status_code) == (400, 400, 200)
    assert unnamed.json()["error"]["details"][0]["reason"] == "VERSION_NOT_SUPPORTED"


async def test_a_list_without_artifacts_has_no_such_member() -> None:
    async with hosted(converse) as client:
        await client.post("/a2a/message:send", json=TASKLESS)
        await client.post("/a2a/message:send", json={"message": message("ask")})
        without = (await client.get("/a2a/tasks")).json()
        having = (await client.get("/a2a/tasks", params={"includeArtifacts": "true"})).json()
    assert [*without] == ["tasks", "nextPageToken", "pageSize", "totalSize"]
    assert all("artifacts" not in task for task in without["tasks"])
    assert having["tasks"][0]["artifacts"] == []
    assert having["tasks"][1]["artifacts"][0]["parts"] == [{"text": "Hello!"}]
