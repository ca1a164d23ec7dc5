"""The dialect from before 0.3, which is off unless it is asked for."""

from typing import Any

import httpx
import pytest

from agent_host.testing.channel_fixture import recall
from agent_host.testing.person import as_person
from agent_host_a2a import A2AConfig
from tests.channels.a2a.agent import SECRET, converse
from tests.channels.a2a.hosting import hosted

ON = A2AConfig(tasks_send=True)


def asked(text: str, method: str = "tasks/send", **params: Any) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "user",
        "parts": [{"type": "text", "text": text}],
        "metadata": {},
    }
    whole: dict[str, Any] = {"id": "task-1", "message": message, **params}
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": whole}


async def answer(client: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    response = await client.post("/rpc", json=body)
    found: dict[str, Any] = response.json()
    assert found["id"] == 7
    return found


async def test_a_task_is_sent_and_answered_under_the_client_s_id() -> None:
    async with hosted(converse, config=ON) as client:
        found = (await answer(client, asked("Hello!")))["result"]
        whole = (await answer(client, asked("artifacts")))["result"]
        asks = (await answer(client, asked("ask", sessionId="other")))["result"]
        alone = (await answer(client, asked("message", sessionId="third")))["result"]
    assert (found["id"], found["sessionId"], found["status"]["state"]) == (
        "task-1",
        "task-1",
        "completed",
    )
    assert found["artifacts"][0]["parts"] == [{"type": "text", "text": "Hello!"}]
    assert [artifact["index"] for artifact in whole["artifacts"]] == [0, 1]
    assert asks["status"]["state"] == "input-required"
    assert asks["status"]["message"]["parts"][0] == {"type": "text", "text": "Sure?"}
    assert alone["artifacts"] == [{"parts": [{"type": "text", "text": "just words"}]}]


async def test_a_task_s_id_is_a_conversation_of_its_client() -> None:
    async with hosted(recall, config=ON) as client:
        await answer(client, asked("one"))
        mine = await answer(client, asked("two"))
        client.headers.update(as_person("bob"))
        his = await answer(client, asked("three"))
    assert mine["result"]["artifacts"][0]["parts"][0]["text"] == "one / two"
    assert his["result"]["artifacts"][0]["parts"][0]["text"] == "three"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (asked("x", "tasks/other"), -32601),
        (asked("x", id=""), -32602),
        (asked("x", message=None), -32602),
        (asked("x", message={"role": "user", "parts": [{"type": "image"}]}), -32602),
        (asked("x", message={"role": "agent", "parts": [{"type": "text", "text": "x"}]}), -32602),
        (asked("fail"), -32603),
    ],
)
async def test_what_goes_wrong_has_its_code(body: dict[str, Any], code: int) -> None:
    async with hosted(converse, config=ON) as client:
        found = await answer(client, body)
    assert found["error"]["code"] == code
    assert found["error"]["message"]
    assert SECRET not in str(found)


async def test_its_card_leads_to_it() -> None:
    async with hosted(converse, config=ON) as client:
        card = (await client.get("/.well-known/agent.json", headers={"authorization": ""})).json()
        stranger = await client.post("/rpc", json=asked("x"), headers={"authorization": ""})
        wrong = await client.post("/rpc", content="x", headers={"content-type": "text/plain"})
    assert card["url"] == str(client.base_url).rstrip("/") + "/rpc"
    assert card["authentication"] == {"schemes": ["Person"]}
    assert card["skills"]
    assert stranger.status_code == 401
    assert wrong.json()["error"]["code"] == -32005


async def test_it_is_off_by_default() -> None:
    async with hosted(converse) as client:
        statuses = [
            (await client.post("/rpc", json=asked("x"))).status_code,
            (await client.get("/.well-known/agent.json")).status_code,
        ]
    assert statuses == [404, 404]
