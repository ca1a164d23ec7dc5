"""Push notifications over the wire: registered, sent, tried again, given up."""

import asyncio
import logging
from datetime import timedelta
from typing import Any

import httpx
import pytest
from a2a.types.a2a_pb2 import StreamResponse
from google.protobuf.json_format import ParseDict

from agent_host.host.follow.view import FOLLOWS_LIMIT
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.person import as_person
from agent_host.types import Task
from agent_host_a2a import A2AConfig, push_sender
from tests.channels.a2a.agent import converse, until_cancelled
from tests.channels.a2a.hosting import (
    COMPLETED,
    INPUT_REQUIRED,
    WORKING,
    call,
    error,
    events,
    hosted,
    message,
    result,
    send,
)
from tests.channels.a2a.receiver import allowing, answering, never, receiving
from tests.outbound.names import LOOPBACK, PUBLIC, guarded

CREATE = "CreateTaskPushNotificationConfig"
GET = "GetTaskPushNotificationConfig"
LIST = "ListTaskPushNotificationConfigs"
DELETE = "DeleteTaskPushNotificationConfig"
OLD = {"a2a_version": "0.3"}
TOKEN = "correct-horse"
CREDENTIALS = "battery-staple"


def pushing(url: str, **members: Any) -> dict[str, Any]:
    return {"taskPushNotificationConfig": {"url": url, **members}}


def updates(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a stream says behind the task that it begins with."""
    return [one for one in told if "task" not in one]


async def test_what_a_stream_tells_is_pushed_in_the_same_order() -> None:
    async with receiving() as receiver, hosted(converse, outbound=allowing(receiver)) as client:
        params = {"message": message("stream"), "configuration": pushing(receiver.url + "/hook?a")}
        told = updates(await events(client, "SendStreamingMessage", params))
        await receiver.until_state(COMPLETED)
    # The stream began with the task, which was working then.
    assert receiver.states == [WORKING, COMPLETED]
    assert receiver.bodies[1:] == told
    assert len(told) > 20
    assert {request.path for request in receiver.requests} == {"/hook"}
    for body in receiver.bodies:
        ParseDict(body, StreamResponse())
    keys = [request.headers["idempotency-key"] for request in receiver.requests]
    assert len(set(keys)) == len(keys)
    assert receiver.requests[0].headers["content-type"] == "application/a2a+json"


@pytest.mark.parametrize("immediately", [True, False])
async def test_a_message_brings_its_config(immediately: bool) -> None:
    async with receiving() as receiver, hosted(converse, outbound=allowing(receiver)) as client:
        wishes = {**pushing(receiver.url, id="one"), "returnImmediately": immediately}
        task = await send(client, "Hello!", configuration=wishes)
        await receiver.until_state(COMPLETED)
        kept = await result(client, GET, {"taskId": task["id"], "id": "one"})
    assert kept == {"taskId": task["id"], "id": "one", "url": receiver.url}
    texts = [
        part["text"]
        for body in receiver.bodies
        if "artifactUpdate" in body
        for part in body["artifactUpdate"]["artifact"]["parts"]
    ]
    assert "".join(texts) == "Hello!"


@pytest.mark.parametrize(
    ("scheme", "credentials", "header"),
    [
        ("Bearer", CREDENTIALS, f"Bearer {CREDENTIALS}"),
        ("bearer", CREDENTIALS, f"Bearer {CREDENTIALS}"),
        ("Basic", "dXNlcjpzZWNyZXQ=", "Basic dXNlcjpzZWNyZXQ="),
        ("basic", "user:secret", "Basic dXNlcjpzZWNyZXQ="),
        ("Digest", None, None),
        ("Bearer", None, None),
    ],
)
async def test_the_receiver_can_tell_who_sends(
    scheme: str, credentials: str | None, header: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wanted = {"scheme": scheme} | ({} if credentials is None else {"credentials": credentials})
    async with receiving() as receiver, hosted(converse, outbound=allowing(receiver)) as client:
        wishes = pushing(receiver.url, token=TOKEN, authentication=wanted)
        await send(client, "Hello!", configuration=wishes)
        await receiver.until_state(COMPLETED)
    for request in receiver.requests:
        assert request.headers["x-a2a-notification-token"] == TOKEN
        assert request.headers.get("authorization") == header
    assert TOKEN not in caplog.text
    assert not credentials or credentials not in caplog.text


async def test_0_3_is_told_tasks() -> None:
    async with receiving() as receiver, hosted(converse, outbound=allowing(receiver)) as client:
        given: dict[str, Any] = {
            "url": receiver.url,
            "token": TOKEN,
            "authentication": {"schemes": ["Digest", "Bearer"], "credentials": CREDENTIALS},
        }
        sent = {
            "message": {
                "messageId": "1",
                "role": "user",
                "parts": [{"kind": "text", "text": "stream"}],
            },
            "configuration": {"pushNotificationConfig": given},
        }
        task = (await call(client, "message/send", sent, **OLD))["result"]
        await receiver.until(
            lambda receiver: any(body["status"]["state"] == "completed" for body in receiver.bodies)
        )
        kept = (await call(client, "tasks/pushNotificationConfig/get", {"id": task["id"]}, **OLD))[
            "result"
        ]
    assert {body["kind"] for body in receiver.bodies} == {"task"}
    assert [body["status"]["state"] for body in receiver.bodies] == ["working", "completed"]
    assert receiver.bodies[-1]["artifacts"] == task["artifacts"]
    assert receiver.requests[0].headers["authorization"] == f"Bearer {CREDENTIALS}"
    assert receiver.requests[0].headers["content-type"] == "application/json"
    assert kept == {
        "taskId": task["id"],
        "pushNotificationConfig": {
            "id": task["id"],
            **given,
        },
    }


async def test_0_3_keeps_lists_and_deletes_configs() -> None:
    async with receiving() as receiver, hosted(converse, outbound=allowing(receiver)) as client:
        task = await send(client, "Hello!")
        method = "tasks/pushNotificationConfig/"

        async def old(name: str, params: Any) -> Any:
            return (await call(client, method + name, params, **OLD))["result"]

        given = {"taskId": task["id"], "pushNotificationConfig": {"url": receiver.url, "id": "b"}}
        assert await old("set", given) == given
        unnamed = {"taskId": task["id"], "pushNotificationConfig": {"url": receiver.url}}
        made = await old("set", unnamed)
        assert made["pushNotificationConfig"]["id"] == task["id"]
        assert await old("list", {"id": task["id"]}) == [given, made]
        named = {"id": task["id"], "pushNotificationConfigId": "b"}
        assert await old("get", named) == given
        assert await old("delete", named) is None
        assert await old("list", {"id": task["id"]}) == [made]
        refused = await error(client, method + "delete", {"id": task["id"]}, **OLD)
        empty = await error(client, method + "set", {"taskId": task["id"]}, **OLD)
    assert (refused["code"], empty["code"]) == (-32602, -32602)


async def test_a_late_config_is_told_what_comes_then() -> None:
    async with receiving() as receiver, hosted(converse, outbound=allowing(receiver)) as client:
        asked = await send(client, "ask twice")
        config = await result(client, CREATE, {"taskId": asked["id"], "url": receiver.url})
        assert config["id"].startswith("pnc_")
        more = await send(client, "3", taskId=asked["id"])
        await receiver.until_state(INPUT_REQUIRED)
        with_more = pushing(receiver.url + "/second", id="second")
        await send(client, "yes", taskId=more["id"], configuration=with_more)
        await receiver.until(
            lambda receiver: receiver.states.count(COMPLETED) == 2  # one for each
        )
    first = [request.body for request in receiver.requests if request.path == "/"]
    second = [request.body for request in receiver.requests if request.path == "/second"]
    kinds = [
        body["statusUpdate"]["status"]["state"] if "statusUpdate" in body else "artifact"
        for body in first
    ]
    assert kinds == [WORKING, INPUT_REQUIRED, WORKING, "artifact", "artifact", COMPLETED]
    assert second == first[2:]


async def test_a_task_that_is_over_is_told_to_nobody() -> None:
    async with receiving() as receiver, hosted(converse, outbound=allowing(receiver)) as client:
        task = await send(client, "Hello!")
        config = await result(client, CREATE, {"taskId": task["id"], "url": receiver.url})
        assert await result(client, LIST, {"taskId": task["id"]}) == {
            "configs": [config],
            "nextPageToken": "",
        }
        other = await send(client, "Hello!", configuration=pushing(receiver.url + "/other"))
        await receiver.until_state(COMPLETED)
    assert {
        body["statusUpdate"]["taskId"] for body in receiver.bodies if "statusUpdate" in body
    } == {other["id"]}


async def test_a_config_can_be_changed_and_deleted_while_its_task_goes_on() -> None:
    async with receiving() as receiver, hosted(converse, outbound=allowing(receiver)) as client:
        asked = await send(client, "ask twice", configuration=pushing(receiver.url, id="one"))
        await receiver.until_state(INPUT_REQUIRED)
        moved = {"taskId": asked["id"], "id": "one", "url": receiver.url + "/moved"}
        assert await result(client, CREATE, moved) == moved
        assert (await result(client, LIST, {"taskId": asked["id"]}))["configs"] == [moved]
        await send(client, "3", taskId=asked["id"])
        await receiver.until(lambda receiver: receiver.states.count(INPUT_REQUIRED) == 2)
        assert {request.path for request in receiver.requests} == {"/", "/moved"}
        named = {"taskId": asked["id"], "id": "one"}
        assert await result(client, DELETE, named) == {}
        assert await result(client, DELETE, named) == {}
        gone = await error(client, GET, named)
        count = len(receiver.requests)
        await send(client, "yes", taskId=asked["id"])
        witness = pushing(receiver.url + "/witness")
        await send(client, "Hello!", configuration=witness)
        await receiver.until_state(COMPLETED)
    assert gone["code"] == -32001
    assert {request.path for request in receiver.requests[count:]} == {"/witness"}


async def test_what_is_not_taken_is_sent_again_in_order() -> None:
    script = (
        answering(500),
        answering(429, retry_after="0"),
        answering(204),
        answering(503, retry_after="Mon, 01 Jan 2024 00:00:00 GMT"),
        answering(204),
        answering(204),
        answering(500),  # the second update of one event
    )
    async with (
        receiving(*script) as receiver,
        hosted(converse, outbound=allowing(receiver)) as client,
    ):
        await send(client, "Hello!", configuration=pushing(receiver.url))
        await receiver.until(lambda receiver: receiver.states.count(COMPLETED) == 2)
    keys = [request.headers["idempotency-key"] for request in receiver.requests]
    once = list(dict.fromkeys(keys))
    assert keys == sorted(keys, key=once.index)
    assert [keys.count(key) for key in once] == [3, 2, 1, 2]
    assert receiver.states == [WORKING, WORKING, WORKING, COMPLETED, COMPLETED]


async def test_a_receiver_that_says_nothing_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(push_sender, "TIME_LIMIT", timedelta(seconds=0.2))
    async with (
        receiving(never) as receiver,
        hosted(converse, outbound=allowing(receiver)) as client,
    ):
        await send(client, "Hello!", configuration=pushing(receiver.url))
        await receiver.until_state(COMPLETED)
    assert receiver.bodies[0] == receiver.bodies[1]


async def dead_letter(runner: StoreTaskRunner) -> Task:
    """The one there is, once there is one."""
    async with asyncio.timeout(20):
        while True:
            page = await runner.dead_letters(kind="follow")
            if page.items:
                return page.items[0]
            await asyncio.sleep(0)


@pytest.mark.parametrize("status", [302, 307, 400, 401, 404, 410])
async def test_a_receiver_that_wants_none_is_left_alone_and_can_be_tried_again(
    status: int,
) -> None:
    store = MemoryStateStore()
    runner = StoreTaskRunner(store)
    async with receiving() as elsewhere:
        refusal = answering(status, location=elsewhere.url + "/inside")
        async with (
            receiving(refusal) as receiver,
            hosted(
                converse,
                store=store,
                runner=runner,
                outbound=allowing(receiver, elsewhere),
            ) as client,
        ):
            await send(client, "stream", configuration=pushing(receiver.url, token=TOKEN))
            dead = await dead_letter(runner)
            assert len(receiver.requests) == 1
            assert dead.last_error == f"http_{status}"
            assert TOKEN.encode() not in dead.spec.payload
            assert await runner.replay(dead.id)
            await receiver.until_state(COMPLETED)
        assert receiver.states == [WORKING, WORKING, COMPLETED]
        assert elsewhere.requests == []


async def test_a_config_that_was_given_up_goes_on_with_another_url() -> None:
    store = MemoryStateStore()
    runner = StoreTaskRunner(store)
    async with (
        receiving(answering(410)) as receiver,
        hosted(converse, store=store, runner=runner, outbound=allowing(receiver)) as client,
    ):
        task = await send(client, "ask", configuration=pushing(receiver.url, id="one"))
        await dead_letter(runner)
        moved = {"taskId": task["id"], "id": "one", "url": receiver.url + "/moved"}
        await result(client, CREATE, moved)
        await send(client, "yes", taskId=task["id"])
        await receiver.until_state(COMPLETED)
    assert [request.path for request in receiver.requests].count("/") == 1
    assert receiver.states == [WORKING, WORKING, INPUT_REQUIRED, WORKING, COMPLETED]


async def test_an_address_inside_is_refused_when_it_is_named() -> None:
    async with receiving() as receiver, hosted(converse) as client:
        task = await send(client, "Hello!")
        for url in (receiver.url, "https://127.0.0.1/", "https://[::1]/", "ftp://a.org", "x"):
            refused = await error(client, CREATE, {"taskId": task["id"], "url": url})
            assert refused["code"] == -32602
            wishes = {"message": message("Hello!"), "configuration": pushing(url)}
            assert (await error(client, "SendMessage", wishes))["code"] == -32602
            response = await client.post(
                f"/a2a/tasks/{task['id']}/pushNotificationConfigs", json={"url": url}
            )
            assert response.status_code == 400
        listed = await result(client, "ListTasks", {})
    assert receiver.requests == []
    assert listed["totalSize"] == 1  # nothing ran for what was refused


async def test_a_name_that_turns_inside_is_not_sent_to() -> None:
    outbound, _ = guarded([PUBLIC], [LOOPBACK])
    store = MemoryStateStore()
    runner = StoreTaskRunner(store)
    async with hosted(converse, store=store, runner=runner, outbound=outbound) as client:
        await send(client, "Hello!", configuration=pushing("https://hooks.test/"))
        dead = await dead_letter(runner)
    assert dead.last_error == "unsafe_url"


async def test_configs_of_others_are_not_there() -> None:
    async with receiving() as receiver, hosted(converse, outbound=allowing(receiver)) as client:
        task = await send(client, "Hello!", configuration=pushing(receiver.url, id="one"))
        missing = task["id"][:-4] + "0000"
        client.headers.update(as_person("bob"))
        answers = [
            [
                await error(client, method, {"taskId": task_id, "id": "one", "url": url})
                for method in (CREATE, GET, LIST, DELETE)
                for url in (receiver.url, "https://127.0.0.1")
            ]
            for task_id in (task["id"], missing)
        ]
        client.headers.update(as_person("alice"))
        assert len((await result(client, LIST, {"taskId": task["id"]}))["configs"]) == 1
    assert answers[0] == answers[1]
    assert {answer["code"] for answer in answers[0]} == {-32001}


async def test_a_task_has_so_many_configs_and_no_more() -> None:
    async with receiving() as receiver, hosted(converse, outbound=allowing(receiver)) as client:
        task = await send(client, "ask")
        params = [
            {"taskId": task["id"], "id": str(number), "url": receiver.url}
            for number in range(2 * FOLLOWS_LIMIT)
        ]
        answers = await asyncio.gather(*(call(client, CREATE, one) for one in params))
        listed = await result(client, LIST, {"taskId": task["id"]})
        codes = {answer["error"]["code"] for answer in answers if "error" in answer}
        made = [answer for answer in answers if "result" in answer]
        assert len(listed["configs"]) == len(made) <= FOLLOWS_LIMIT
    assert codes == {-32602}


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"url": ""},
        {"url": 7},
        {"url": "u", "token": "two\r\nlines"},
        {"url": "u", "token": "ü"},
        {"url": "u", "token": "x" * 5000},
        {"url": "u", "id": "x" * 300},
        {"url": "u", "authentication": []},
        {"url": "u", "authentication": {}},
        {"url": "u", "authentication": {"scheme": "Bearer", "credentials": "a\nb"}},
        {"url": "u", "authentication": {"scheme": "Digest", "credentials": "x"}},
        {"url": "u", "tenant": "acme"},
    ],
)
async def test_a_config_that_is_none_is_refused(config: dict[str, Any]) -> None:
    async with hosted(converse) as client:
        task = await send(client, "Hello!")
        refused = await error(client, CREATE, {"taskId": task["id"], **config})
    assert refused["code"] == -32602


async def test_it_can_be_switched_off() -> None:
    config = A2AConfig(push_notifications=False)
    async with hosted(converse, config=config) as client:
        task = await send(client, "Hello!")
        for method in (CREATE, GET, LIST, DELETE):
            refused = await error(client, method, {"taskId": task["id"], "id": "1", "url": "u"})
            assert refused["code"] == -32003
        wishes = {"message": message("Hello!"), "configuration": pushing("https://example.org")}
        assert (await error(client, "SendMessage", wishes))["code"] == -32003
        card = (await client.get("/.well-known/agent-card.json")).json()
    assert card["capabilities"]["pushNotifications"] is False


async def test_what_was_folded_is_folded_again_where_there_is_no_room_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(push_sender, "FOLDS_KEPT", 0)
    async with receiving() as receiver, hosted(converse, outbound=allowing(receiver)) as client:
        asked = await send(client, "ask twice", configuration=pushing(receiver.url))
        for text in ("3", "yes"):
            await receiver.until_state(INPUT_REQUIRED)
            await send(client, text, taskId=asked["id"])
        await receiver.until_state(COMPLETED)
    assert receiver.states == [
        WORKING,
        INPUT_REQUIRED,
        WORKING,
        INPUT_REQUIRED,
        WORKING,
        COMPLETED,
    ]


async def test_a_config_of_1_0_is_asked_for_by_its_id() -> None:
    async with hosted(converse) as client:
        task = await send(client, "Hello!")
        for method in (GET, DELETE):
            refused = await error(client, method, {"taskId": task["id"]})
            assert refused["code"] == -32602


async def test_http_json_has_the_same_four() -> None:
    async with receiving() as receiver, hosted(converse, outbound=allowing(receiver)) as client:
        task = await send(client, "Hello!")
        path = f"/a2a/tasks/{task['id']}/pushNotificationConfigs"
        made = (await client.post(path, json={"url": receiver.url, "id": "one"})).json()
        listed = (await client.get(path)).json()
        found = (await client.get(f"{path}/one")).json()
        deleted = await client.delete(f"{path}/one")
        gone = await client.get(f"{path}/one")
    assert made == found == {"taskId": task["id"], "id": "one", "url": receiver.url}
    assert listed == {"configs": [made], "nextPageToken": ""}
    assert (deleted.status_code, deleted.json()) == (httpx.codes.OK, {})
    assert gone.status_code == httpx.codes.NOT_FOUND


async def test_a_client_that_leaves_while_it_waits_is_pushed_the_end() -> None:
    async with (
        receiving() as receiver,
        hosted(until_cancelled, outbound=allowing(receiver)) as client,
    ):
        with pytest.raises(httpx.ReadTimeout):
            await client.post(
                "/a2a/message:send",
                json={"message": message("wait"), "configuration": pushing(receiver.url)},
                timeout=0.5,
            )
        await receiver.until_state(WORKING)
        task_id = receiver.bodies[0]["statusUpdate"]["taskId"]
        await result(client, "CancelTask", {"id": task_id})
        await receiver.until_state("TASK_STATE_CANCELED")
