"""`POST /commands/{name}` over HTTP."""

import pytest

from agent_host import Command
from agent_host.protocols.command import CommandCall
from tests.channels.rest.hosting import hosted, speaking_as


async def echo(text: str) -> str:
    return text


async def test_a_command_is_answered_for_people_and_for_programs() -> None:
    async with hosted(echo) as client:
        response = await client.post("/commands/whoami", json={})
        assert response.status_code == 200
        answer = response.json()
        assert answer["facts"]["principal"] == {"kind": "token", "id": "alice"}
        (message,) = answer["messages"]
        assert message["role"] == "assistant"
        assert "alice" in message["parts"][0]["text"]


async def test_new_begins_the_named_session_anew() -> None:
    async with hosted(echo) as client:
        turn = {"input": "hello", "session_id": "first"}
        before = (await client.post("/invocations", json=turn)).json()["session_id"]
        response = await client.post("/commands/new", json={"session_id": "first"})
        assert response.json()["facts"]["session_id"] not in (None, before)
        theirs = await client.post(
            "/commands/new", json={"session_id": before}, headers=speaking_as("mallory")
        )
        missing = await client.post("/commands/new", json={"session_id": "ses_missing"})
        assert theirs.content == missing.content


async def test_arguments_reach_the_apps_command() -> None:
    async def shout(call: CommandCall) -> str:
        return call.request.arguments.upper()

    async with hosted(echo, commands=[Command("shout", "Say it loud", shout)]) as client:
        response = await client.post("/commands/shout", json={"arguments": "hey"})
        assert response.json()["messages"][0]["parts"][0]["text"] == "HEY"


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [("nobody", 404, "not_found"), ("new", 400, "invalid_request"), ("bad", 500, "command_failed")],
)
async def test_what_cannot_be_answered_is_a_problem(name: str, status: int, code: str) -> None:
    async def bad(_: CommandCall) -> str:
        raise ValueError("plum")

    async with hosted(echo, commands=[Command("bad", "Fails", bad)]) as client:
        response = await client.post(f"/commands/{name}", json={})
        assert (response.status_code, response.json()["code"]) == (status, code)
        assert "plum" not in response.text


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"[]", "application/json", 422),
        (b'{"extra": 1}', "application/json", 422),
        (b'{"session_id": "no such name!"}', "application/json", 422),
        (b"{", "application/json", 400),
        (b"{}", "text/plain", 415),
    ],
)
async def test_a_body_that_is_none_is_refused(body: bytes, kind: str, status: int) -> None:
    async with hosted(echo) as client:
        response = await client.post("/commands/help", content=body, headers={"content-type": kind})
        assert response.status_code == status
