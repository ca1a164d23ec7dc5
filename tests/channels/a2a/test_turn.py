"""Contexts, tasks and their owners: what goes on, what begins anew, and what nobody else sees."""

from typing import Any

import httpx
import pytest

from agent_host.testing.channel_fixture import recall
from agent_host.testing.person import as_person
from agent_host.types import SessionMode
from tests.channels.a2a.agent import converse
from tests.channels.a2a.hosting import (
    COMPLETED,
    INPUT_REQUIRED,
    error,
    events,
    hosted,
    message,
    result,
    rpc,
    said,
    send,
)


async def test_a_context_is_a_conversation_by_the_client_s_name_or_the_server_s() -> None:
    async with hosted(recall) as client:
        first = await send(client, "one")
        second = await send(client, "two", contextId=first["contextId"])
        named = await send(client, "a", contextId="My context: 1")
        again = await send(client, "b", contextId="My context: 1")
        unnamed = await send(client, "three")
    assert (said(second), said(again), said(unnamed)) == ("one / two", "a / b", "three")
    assert second["contextId"] == first["contextId"]
    assert named["contextId"] == again["contextId"] == "My context: 1"
    assert len({first["id"], second["id"], named["id"], again["id"]}) == 4


async def test_without_sessions_a_task_is_its_own_context() -> None:
    async with hosted(converse, session_mode=SessionMode.DISABLED) as client:
        task = await send(client, "Hello!")
        asked = await send(client, "ask", contextId="here")
    assert task["contextId"] == task["id"]
    assert asked["contextId"] == "here"


async def test_a_task_of_a_named_context_is_found_by_it() -> None:
    async with hosted(converse) as client:
        task = await send(client, "Hello!", contextId="here")
        await send(client, "Hello!", contextId="there")
        named = await result(client, "ListTasks", {"contextId": "here"})
        fetched = await result(client, "GetTask", {"id": task["id"]})
    assert [one["id"] for one in named["tasks"]] == [task["id"]]
    assert fetched["contextId"] == "here"
    assert fetched["history"] == task["history"]


async def test_the_history_of_a_task_is_its_own_within_the_context() -> None:
    async with hosted(converse) as client:
        first = await send(client, "one", contextId="here")
        await send(client, "two", contextId="here")
        fetched = await result(client, "GetTask", {"id": first["id"]})
    (only,) = fetched["history"]
    assert only["parts"] == [{"text": "one"}]
    assert (only["taskId"], only["contextId"]) == (first["id"], "here")


async def test_while_a_task_asks_its_context_takes_no_other() -> None:
    async with hosted(converse) as client:
        asked = await send(client, "ask", contextId="here")
        refused = await error(client, "SendMessage", {"message": message("x", contextId="here")})
        done = await send(client, "no", contextId="here", taskId=asked["id"])
        after = await send(client, "x", contextId="here")
    assert refused["code"] == -32004
    assert asked["id"] in refused["message"]
    assert (said(done), said(after)) == ("you said False", "x")


async def test_the_same_message_twice_is_two_tasks() -> None:
    again = message("Hello!")
    async with hosted(converse) as client:
        first = await result(client, "SendMessage", {"message": again})
        second = await result(client, "SendMessage", {"message": again})
    assert first["task"]["id"] != second["task"]["id"]


async def test_several_questions_are_answered_by_their_ids() -> None:
    data = {"qst_days": 3, "qst_sure": True}
    async with hosted(converse) as client:
        asked = await send(client, "ask both")
        task_id = asked["id"]
        vague = await error(client, "SendMessage", {"message": message("3", taskId=task_id)})
        wrong = {"message": message(parts=[{"data": {**data, "qst_days": "x"}}], taskId=task_id)}
        refused = await error(client, "SendMessage", wrong)
        done = await result(
            client, "SendMessage", {"message": message(parts=[{"data": data}], taskId=task_id)}
        )
    questions = asked["status"]["message"]["parts"][1]["data"]["questions"]
    assert [(one["id"], one["kind"]) for one in questions] == [
        ("qst_days", "input"),
        ("qst_sure", "approval"),
    ]
    assert asked["status"]["state"] == INPUT_REQUIRED
    assert "qst_days, qst_sure" in vague["message"]
    assert refused["data"][1]["fieldViolations"][0]["field"] == "qst_days"
    assert said(done["task"]) == str(data)


@pytest.mark.parametrize(
    ("sent", "refused"),
    [
        ([{"text": " 7 "}], False),
        ([{"data": 7}], False),
        ([{"text": "seven"}], True),
        ([{"text": "7.5"}], True),
        ([{"text": "[" * 100}], True),
        ([{"raw": ""}], True),
    ],
)
async def test_an_answer_has_the_type_that_is_asked_for(
    sent: list[dict[str, Any]], *, refused: bool
) -> None:
    async with hosted(converse) as client:
        asked = await send(client, "ask twice")
        params = {"message": message(parts=sent, taskId=asked["id"])}
        response = (await client.post("/a2a", json=rpc("SendMessage", params))).json()
    assert ("error" in response) is refused


async def test_who_answers_need_not_wait() -> None:
    wishes = {"returnImmediately": True}
    async with hosted(converse) as client:
        asked = await send(client, "ask")
        task = await send(client, "yes", taskId=asked["id"], configuration=wishes)
        while task["status"]["state"] != COMPLETED:
            task = await result(client, "GetTask", {"id": asked["id"]})
    assert said(task) == "you said True"


async def test_yes_and_no_are_asked_for_as_long_as_they_are_not_given() -> None:
    async with hosted(converse) as client:
        asked = await send(client, "ask")
        refused = await error(
            client, "SendMessage", {"message": message("perhaps", taskId=asked["id"])}
        )
        done = await send(client, "No.", taskId=asked["id"])
    assert refused["code"] == -32602
    assert said(done) == "you said False"


async def everything(client: httpx.AsyncClient, task_id: str) -> list[str]:
    """All that can be asked about a task, as it comes back, the task's own id taken out."""
    sent: list[tuple[str, dict[str, Any]]] = [
        ("GetTask", {"id": task_id}),
        ("GetTask", {"id": task_id, "historyLength": 1}),
        ("CancelTask", {"id": task_id}),
        ("SubscribeToTask", {"id": task_id}),
        ("GetTaskPushNotificationConfig", {"taskId": task_id, "id": "1"}),
        ("SendMessage", {"message": message("yes", taskId=task_id)}),
        ("SendMessage", {"message": message("yes", taskId=task_id, contextId="theirs")}),
        ("SendStreamingMessage", {"message": message("yes", taskId=task_id)}),
        ("ListTasks", {"contextId": "theirs"}),
    ]
    answers: list[str] = []
    for method, params in sent:
        response = await client.post("/a2a", json=rpc(method, params))
        kept = {name: at for name, at in response.headers.items() if name != "date"}
        answers.append(f"{response.status_code} {kept} {response.text}")
    for method, path in (
        ("GET", ""),
        ("POST", ":cancel"),
        ("POST", ":subscribe"),
        ("GET", "/pushNotificationConfigs"),
    ):
        response = await client.request(method, f"/a2a/tasks/{task_id}{path}")
        answers.append(f"{response.status_code} {response.text}")
    return answers


@pytest.mark.parametrize("text", ["ask", "Hello!"])
async def test_somebody_else_s_task_reads_like_one_that_is_not_there(text: str) -> None:
    async with hosted(converse) as client:
        task = await send(client, text, contextId="theirs")
        missing = task["id"][:-4] + "0000"
        client.headers.update(as_person("bob"))
        foreign = await everything(client, task["id"])
        absent = await everything(client, missing)
        client.headers.update(as_person("alice"))
        mine = await result(client, "GetTask", {"id": task["id"]})
    assert foreign == absent
    assert mine["status"] == task["status"]


async def test_a_context_of_somebody_else_is_not_there_either() -> None:
    async with hosted(recall) as client:
        alice = await send(client, "secret")
        client.headers.update(as_person("bob"))
        of_alice = {"message": message("x", contextId=alice["contextId"])}
        refused = await error(client, "SendMessage", of_alice)
        made_up = await error(
            client, "SendMessage", {"message": message("x", contextId="ses_nothing")}
        )
        streamed = await error(client, "SendStreamingMessage", of_alice)
    assert refused == made_up == streamed


async def test_a_stream_of_a_question_ends_there() -> None:
    async with hosted(converse) as client:
        told = await events(client, "SendStreamingMessage", {"message": message("sign in")})
    assert told[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_AUTH_REQUIRED"
    assert told[-1]["statusUpdate"]["status"]["message"]["role"] == "ROLE_AGENT"
