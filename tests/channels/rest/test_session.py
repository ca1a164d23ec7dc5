"""Sessions over HTTP: read, reset, forgotten, and nobody else's."""

import pytest

from agent_host.types import Turn
from tests.channels.rest.hosting import hosted, speaking_as


async def remember(turn: Turn) -> str:
    return " | ".join(message.text for message in turn.conversation_messages)


async def test_a_session_is_read_by_name_or_id() -> None:
    async with hosted(remember) as client:
        for text in ("one", "two"):
            run = await client.post("/invocations", json={"input": text, "session_id": "mine"})
        by_name = (await client.get("/sessions/mine")).json()
        by_id = (await client.get(f"/sessions/{run.headers['x-session-id']}")).json()
        short = (await client.get("/sessions/mine?limit=1")).json()
    assert by_name == by_id
    assert by_name["name"] == "mine"
    assert [message["role"] for message in by_name["messages"]] == ["user", "assistant"] * 2
    assert by_name["messages"][2]["parts"] == [{"type": "text", "text": "two"}]
    assert by_name["earlier"] == 0
    assert short["messages"] == by_name["messages"][-1:]
    assert short["earlier"] == 3


async def test_reset_begins_anew_under_the_same_name() -> None:
    async with hosted(remember) as client:
        body = {"input": "one", "session_id": "mine"}
        old = (await client.post("/invocations", json=body)).json()["session_id"]
        reset = await client.post("/sessions/mine/reset")
        fresh = (await client.post("/invocations", json=body)).json()
        kept = (await client.get(f"/sessions/{old}")).json()
    assert reset.status_code == 200
    assert reset.json()["id"] != old
    assert fresh["session_id"] == reset.json()["id"]
    assert fresh["output_text"] == "one"
    assert kept["superseded_by"] == reset.json()["id"]
    assert len(kept["messages"]) == 2


async def test_a_forgotten_session_is_gone() -> None:
    async with hosted(remember) as client:
        body = {"input": "one", "session_id": "mine"}
        await client.post("/invocations", json=body)
        gone = await client.delete("/sessions/mine")
        missing = await client.get("/sessions/mine")
        again = (await client.post("/invocations", json=body)).json()
    assert (gone.status_code, gone.content) == (204, b"")
    assert missing.status_code == 404
    assert again["output_text"] == "one"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("DELETE", ""), ("POST", "/reset"), ("GET", "?limit=5")],
)
async def test_somebody_elses_session_reads_as_missing(method: str, path: str) -> None:
    async with hosted(remember) as client:
        body = {"input": "one", "session_id": "mine"}
        session_id = (await client.post("/invocations", json=body)).json()["session_id"]
        answers = [
            await client.request(method, f"/sessions/{name}{path}", headers=speaking_as("bob"))
            for name in ("mine", session_id, "ses_none", "none", "a%20b", "%C3%A9")
        ]
        still = await client.get("/sessions/mine")
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert len(still.json()["messages"]) == 2


async def test_a_bad_limit_is_refused() -> None:
    async with hosted(remember) as client:
        for limit in ("0", "1001", "x", "-1"):
            assert (await client.get(f"/sessions/mine?limit={limit}")).status_code == 422
