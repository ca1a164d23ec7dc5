"""`/ws`: bodies in, events out, and a socket that stays open over mistakes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from agent_host.types import DisconnectPolicy, RunPolicy, Turn
from agent_host_rest import RestConfig
from agent_host_rest.wish import AGENTCORE_SESSION_HEADER
from tests.channels.rest.hosting import hosted, sent_events, speaking_as
from tests.channels.rest.socket_client import SocketRefusedError, socket

ALICE = speaking_as("alice")


async def words(turn: Turn) -> AsyncIterator[str]:
    for message in turn.conversation_messages:
        yield f"{message.text};"


async def test_each_message_is_a_run_and_each_answer_an_event() -> None:
    async with hosted(words) as client:
        url = str(client.base_url)
        async with socket(url, headers={**ALICE, AGENTCORE_SESSION_HEADER: "mine"}) as connection:
            await connection.send({"input": "one"})
            first = await connection.until("run_completed")
            await connection.send({"prompt": "two"})
            second = await connection.until("run_completed")
        run_id = first[0]["run_id"]
        journal = sent_events((await client.get(f"/invocations/{run_id}/events")).text)
    assert first == [event.data for event in journal]
    assert second[-1]["result"]["output_text"] == "one;one;;two;"


async def test_mistakes_are_answered_and_the_socket_stays_open() -> None:
    config = RestConfig(body_limit_bytes=2048)
    async with (
        hosted(words, config=config) as client,
        socket(str(client.base_url), headers=ALICE) as connection,
    ):
        mistakes: list[tuple[object, str]] = [
            ("{", "invalid_request"),
            (b"{}", "invalid_request"),
            ([], "invalid_input"),
            ({"inptu": "x"}, "invalid_input"),
            ({"input": "x", "background": True}, "invalid_input"),
            ({"input": "x", "session_id": "ses_none"}, "not_found"),
            ({"input": "x" * 3000}, "too_large"),
        ]
        for message, code in mistakes:
            await connection.send(message)
            error = await connection.receive()
            assert (error["type"], error["code"]) == ("error", code)
        await connection.send({"input": "fine"})
        assert (await connection.until("run_completed"))[-1]["result"]["output_text"] == "fine;"


async def test_one_run_at_a_time() -> None:
    go_on = asyncio.Event()

    async def halting(text: str) -> AsyncIterator[str]:
        yield text
        await go_on.wait()

    async with hosted(halting) as client, socket(str(client.base_url), headers=ALICE) as connection:
        await connection.send({"input": "one"})
        await connection.until("text_delta")
        await connection.send({"input": "two"})
        error = await connection.receive()
        go_on.set()
        rest = await connection.until("run_completed")
        await connection.send({"input": "three"})
        await connection.until("run_completed")
    assert error["type"] == "error"
    assert "wait for its end" in error["detail"]
    assert rest[-1]["result"]["output_text"] == "one"


async def test_leaving_is_a_disconnect() -> None:
    async def endless(text: str) -> AsyncIterator[str]:
        yield text
        await asyncio.Event().wait()

    limits = RunPolicy(
        on_disconnect=DisconnectPolicy.CANCEL, cancel_grace=timedelta(milliseconds=1)
    )
    async with hosted(endless, run_policy=limits) as client:
        async with socket(str(client.base_url), headers=ALICE) as connection:
            await connection.send({"input": "one"})
            run_id = (await connection.until("text_delta"))[0]["run_id"]
        events = sent_events((await client.get(f"/invocations/{run_id}/events")).text)
    assert events[-1].type == "run_cancelled"


async def test_a_stranger_and_a_bad_session_are_refused_at_the_door() -> None:
    async with hosted(words) as client:
        url = str(client.base_url)
        for headers in ({}, {**ALICE, AGENTCORE_SESSION_HEADER: "a/b"}):
            with pytest.raises((SocketRefusedError, ConnectionError)):
                async with socket(url, headers=headers):
                    pass
