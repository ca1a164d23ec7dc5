"""JSON-RPC 2.0: envelopes, ids, versions and errors."""

import json
from typing import Any

import pytest
from a2a.utils.errors import A2A_ERROR_MAPPING, JSON_RPC_ERROR_CODE_MAP

from agent_host_a2a import A2AConfig, ExtensionConfig
from agent_host_a2a.fault import Fault
from tests.channels.a2a.agent import converse
from tests.channels.a2a.hosting import (
    COMPLETED,
    call,
    error,
    frames,
    hosted,
    message,
    result,
    rpc,
    said,
    send,
)

TASKLESS = {"message": message("Hello!")}
HUGE = 123_456_789_012_345_678_901_234_567_890


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"", -32700),
        (b"\xff", -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":1e999}}', -32700),
        (b"[]", -32600),
        (b"null", -32600),
        (json.dumps([rpc("GetTask", {"id": "x"})]).encode(), -32600),
        (json.dumps({"jsonrpc": "2.0", "method": "GetTask"}).encode(), -32600),
        (json.dumps(rpc("GetTask", {}, jsonrpc="1.0")).encode(), -32600),
        (json.dumps(rpc("GetTask", {}, id=True)).encode(), -32600),
        (json.dumps(rpc("GetTask", {}, id=[1])).encode(), -32600),
        (json.dumps(rpc("GetTask", {}, id=1.5)).encode(), -32600),
        (json.dumps({**rpc("GetTask", {}), "method": 7}).encode(), -32600),
        (json.dumps(rpc("Nothing", {})).encode(), -32601),
        (json.dumps(rpc("message/send", {})).encode(), -32601),
        (json.dumps(rpc("GetTask", [1])).encode(), -32602),
        (json.dumps(rpc("GetTask", {})).encode(), -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","params":' + b"[" * 70 + b"]" * 70 + b"}", -32600),
    ],
)
async def test_what_is_no_request_is_told_so(body: bytes, code: int) -> None:
    async with hosted(converse) as client:
        response = await client.post(
            "/a2a", content=body, headers={"content-type": "application/json"}
        )
    answer = response.json()
    assert (response.status_code, answer["error"]["code"]) == (200, code)
    assert answer["jsonrpc"] == "2.0"
    assert "id" in answer


@pytest.mark.parametrize("rpc_id", ["text", "", 0, -1, HUGE, -HUGE, None, "ü" * 3000])
async def test_the_id_comes_back_as_it_was(rpc_id: object) -> None:
    async with hosted(converse) as client:
        good = await client.post("/a2a", json=rpc("SendMessage", TASKLESS, id=rpc_id))
        bad = await client.post("/a2a", json=rpc("GetTask", {"id": "run_x"}, id=rpc_id))
        stream = await client.post("/a2a", json=rpc("SendStreamingMessage", TASKLESS, id=rpc_id))
    assert good.json()["id"] == rpc_id
    assert bad.json()["id"] == rpc_id
    assert {json.dumps(frame["id"]) for frame in frames(stream.text)} == {json.dumps(rpc_id)}


async def test_an_error_has_the_details_that_the_protocol_defines() -> None:
    async with hosted(converse) as client:
        missing = await error(client, "GetTask", {"id": "run_x"})
        invalid = await error(client, "GetTask", {})
    assert missing["code"] == -32001
    assert missing["data"] == [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "TASK_NOT_FOUND",
            "domain": "a2a-protocol.org",
        }
    ]
    assert invalid["data"][1] == {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"field": "id", "description": "is required"}],
    }


def test_codes_and_reasons_are_those_of_the_official_sdk() -> None:
    official = {
        mapping.reason: JSON_RPC_ERROR_CODE_MAP[kind]
        for kind, mapping in A2A_ERROR_MAPPING.items()
        if kind in JSON_RPC_ERROR_CODE_MAP
    }
    ours = {fault.value.reason: fault.value.code for fault in Fault if fault is not Fault.PARSE}
    assert official.items() <= ours.items()


@pytest.mark.parametrize("path", ["/a2a", "/a2a/"])
async def test_the_endpoint_answers_with_a_slash_and_without(path: str) -> None:
    async with hosted(converse) as client:
        response = await client.post(path, json=rpc("SendMessage", TASKLESS))
    assert response.json()["result"]["task"]["status"]["state"] == COMPLETED


async def test_a_body_that_is_not_json_is_a_content_type_that_is_not_taken() -> None:
    async with hosted(converse) as client:
        body = json.dumps(rpc("SendMessage", TASKLESS))
        refused = await client.post("/a2a", content=body, headers={"content-type": "text/plain"})
        kinds = ["application/json; charset=utf-8", "application/a2a+json"]
        taken = [
            await client.post("/a2a", content=body, headers={"content-type": kind})
            for kind in kinds
        ]
    assert refused.json()["error"]["code"] == -32005
    assert all("result" in response.json() for response in taken)


@pytest.mark.parametrize(
    ("version", "method", "code"),
    [
        ("1.0", "GetTask", -32001),
        ("1.0.1", "GetTask", -32001),
        ("0.3", "tasks/get", -32001),
        ("0.3.0", "tasks/get", -32001),
        ("", "tasks/get", -32001),
        ("0.3", "GetTask", -32601),
        ("1.0", "tasks/get", -32601),
        ("1.1", "GetTask", -32009),
        ("2.0", "GetTask", -32009),
        ("0.2", "tasks/get", -32009),
        ("x" * 500, "GetTask", -32009),
    ],
)
async def test_a_version_is_one_of_those_on_the_card(version: str, method: str, code: int) -> None:
    async with hosted(converse) as client:
        refused = await error(client, method, {"id": "run_x"}, a2a_version=version)
    assert refused["code"] == code


async def test_no_version_is_0_3_and_a_name_of_1_0_says_what_to_send() -> None:
    async with hosted(converse) as client:
        del client.headers["a2a-version"]
        old = await error(client, "tasks/get", {"id": "run_x"})
        new = await error(client, "GetTask", {"id": "run_x"})
    assert old["code"] == -32001
    assert new["code"] == -32009
    assert "A2A-Version: 1.0" in new["message"]


async def test_0_3_can_be_left_out() -> None:
    async with hosted(converse, config=A2AConfig(version_0_3=False)) as client:
        refused = await error(client, "tasks/get", {"id": "run_x"}, a2a_version="0.3")
        card = (await client.get("/.well-known/agent-card.json")).json()
    assert refused["code"] == -32009
    assert {one["protocolVersion"] for one in card["supportedInterfaces"]} == {"1.0"}


async def test_a_required_extension_must_be_declared() -> None:
    required = ExtensionConfig(uri="https://example.org/must", required=True)
    offered = ExtensionConfig(uri="https://example.org/may")
    config = A2AConfig(extensions=(required, offered))
    async with hosted(converse, config=config) as client:
        refused = await error(client, "SendMessage", TASKLESS)
        response = await client.post(
            "/a2a",
            json=rpc("SendMessage", {"message": message("attributes")}),
            headers={"a2a-extensions": "https://example.org/must, https://example.org/other"},
        )
    assert refused["code"] == -32008
    assert response.headers["a2a-extensions"] == "https://example.org/must"
    data: Any = response.json()["result"]["task"]["artifacts"][0]["parts"][0]["data"]
    assert data["seen"]["extensions"] == ["https://example.org/must"]


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"message": "x"},
        {"message": message("x", role="ROLE_AGENT")},
        {"message": message("x", role="user")},
        {"message": message("x", messageId="")},
        {"message": message("x", messageId="m" * 257)},
        {"message": message("x", taskId="a\nb")},
        {"message": message("x", contextId=["a"])},
        {"message": message(parts=[])},
        {"message": message(parts="x")},
        {"message": message(parts=[{}])},
        {"message": message(parts=[{"text": "a", "data": 1}])},
        {"message": message(parts=[{"text": 1}])},
        {"message": message(parts=[{"raw": "&&&"}])},
        {"message": message(parts=[{"raw": None}])},
        {"message": message(parts=[{"url": "file:///etc/passwd"}])},
        {"message": message(parts=[{"url": "javascript:alert(1)"}])},
        {"message": message(parts=[{"text": "x", "mediaType": "no type"}])},
        {"message": message(parts=[{"text": "x"}] * 1001)},
        {"message": message("x"), "tenant": "other"},
        {"message": message("x"), "metadata": {"a": "x" * 20_000}},
        {"message": message("x"), "configuration": {"historyLength": -1}},
        {"message": message("x"), "configuration": {"historyLength": "many"}},
        {"message": message("x"), "configuration": {"returnImmediately": "yes"}},
        {"message": message("x", contextId="ses_not_mine")},
    ],
)
async def test_a_message_that_is_not_as_documented_is_refused(bad: dict[str, Any]) -> None:
    async with hosted(converse) as client:
        refused = await error(client, "SendMessage", bad)
        answer = await client.post("/a2a/message:send", json=bad)
    assert refused["code"] == -32602
    assert refused["data"][1]["fieldViolations"]
    assert answer.status_code == 400


async def test_names_may_be_in_snake_case_and_unknown_ones_are_passed_over() -> None:
    asked: dict[str, Any] = {
        "message": {
            "message_id": "m-1",
            "context_id": "here",
            "role": "ROLE_USER",
            "parts": [{"raw": "_-8", "media_type": "image/png", "filename": "a.png", "new": 1}],
            "new": {},
        },
        "configuration": {"history_length": 1, "return_immediately": False},
        "new": True,
    }
    async with hosted(converse) as client:
        task = (await result(client, "SendMessage", asked))["task"]
    assert task["contextId"] == "here"
    assert task["history"][0]["parts"] == [
        {"raw": "/+8=", "mediaType": "image/png", "filename": "a.png"}
    ]


async def test_modes_that_are_not_taken_or_not_given_are_refused() -> None:
    config = A2AConfig(input_modes=("text/plain",), output_modes=("text/plain",))
    async with hosted(converse, config=config) as client:
        sent = await error(client, "SendMessage", {"message": message(parts=[{"data": 1}])})
        params = {**TASKLESS, "configuration": {"acceptedOutputModes": ["image/png"]}}
        wanted = await error(client, "SendMessage", params)
        taken = await send(client, "x", configuration={"acceptedOutputModes": ["text/*"]})
    assert (sent["code"], wanted["code"]) == (-32005, -32005)
    assert said(taken) == "x"


async def test_who_takes_text_only_gets_data_as_text() -> None:
    async with hosted(converse) as client:
        as_text = await send(client, "data", configuration={"acceptedOutputModes": ["text/plain"]})
        as_data = await send(client, "data")
    assert json.loads(said(as_text)) == {"list": [1, None, "x"]}
    assert as_data["artifacts"][0]["parts"][0] == {
        "data": {"list": [1, None, "x"]},
        "mediaType": "application/json",
    }


async def test_a_repeated_key_is_answered_by_the_same_task() -> None:
    params = {"message": message("once")}
    async with hosted(converse) as client:
        first = await result(client, "SendMessage", params, idempotency_key="k-1")
        again = await result(client, "SendMessage", params, idempotency_key="k-1")
        other = await result(client, "SendMessage", params)
        changed = await error(
            client, "SendMessage", {"message": message("twice")}, idempotency_key="k-1"
        )
    assert first["task"]["id"] == again["task"]["id"] != other["task"]["id"]
    assert changed["code"] == -32602


async def test_what_the_host_refuses_has_its_own_status() -> None:
    async with hosted(converse, config=A2AConfig(body_limit_bytes=1024)) as client:
        large = await client.post("/a2a", json=rpc("SendMessage", {"message": message("x" * 2000)}))
        unknown = await client.post(
            "/a2a", json=rpc("GetTask", {"id": "x"}), headers={"authorization": ""}
        )
    assert (large.status_code, large.json()["error"]["code"]) == (413, -32000)
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (401, -32000)
    assert unknown.headers["www-authenticate"] == "Person"


async def test_a_request_s_metadata_are_kept_with_its_task() -> None:
    params = {"message": message("attributes"), "metadata": {"trace": "t-1"}}
    async with hosted(converse) as client:
        task = (await result(client, "SendMessage", params))["task"]
        again = await result(client, "GetTask", {"id": task["id"]})
    assert task["metadata"] == again["metadata"] == {"trace": "t-1"}
    assert task["artifacts"][0]["parts"][0]["data"]["metadata"]["trace"] == "t-1"


async def test_errors_never_reach_past_their_envelope() -> None:
    async with hosted(converse) as client:
        answer = await call(client, "ListTasks", {"pageToken": "made up"})
    assert answer["id"] == "r-1"
    assert answer["error"]["code"] == -32602
