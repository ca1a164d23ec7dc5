"""Streaming over a real connection: from the start, again from the middle, and left early."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from agent_host.types import DisconnectPolicy, RunPolicy, Turn
from agent_host_rest import RestConfig
from tests.channels.rest.hosting import follow, hosted, sent_events, speaking_as


async def count(turn: Turn) -> AsyncIterator[str]:
    for number in range(int(turn.text)):
        yield f"{number} "


@pytest.mark.parametrize("by", ["body", "accept"])
async def test_a_stream_is_every_event_once(by: str) -> None:
    async with hosted(count) as client:
        body: dict[str, object] = {"input": "5", "session_id": "mine"}
        headers: dict[str, str] = {}
        if by == "body":
            body["stream"] = True
        else:
            headers["accept"] = "text/event-stream"
        response = await client.post("/invocations", json=body, headers=headers)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-accel-buffering"] == "no"
    run_id = response.headers["x-run-id"]
    assert response.headers["location"] == f"/invocations/{run_id}"
    assert response.headers["x-session-id"].startswith("ses_")
    events = sent_events(response.text)
    assert [int(event.id) for event in events] == list(range(len(events)))
    assert all(event.data["sequence"] == int(event.id) for event in events)
    assert all(event.data["type"] == event.type for event in events)
    assert events[0].data["run_id"] == run_id
    deltas = [event.data["text"] for event in events if event.type == "text_delta"]
    assert deltas == [f"{number} " for number in range(5)]
    assert events[-1].type == "run_completed"
    assert events[-1].data["result"]["output_text"] == "0 1 2 3 4 "


async def test_events_come_before_the_answer_is_whole() -> None:
    go_on = asyncio.Event()

    async def halting(text: str) -> AsyncIterator[str]:
        yield text
        await go_on.wait()
        yield "end"

    async with (
        hosted(halting) as client,
        client.stream("POST", "/invocations", json={"input": "a", "stream": True}) as response,
    ):
        events = follow(response)
        types = [(await anext(events)).type for _ in range(2)]
        assert types == ["run_started", "text_delta"]
        go_on.set()
        assert [event.type async for event in events] == ["text_delta", "run_completed"]


async def test_leave_come_back_and_miss_nothing() -> None:
    go_on = asyncio.Event()

    async def halting(text: str) -> AsyncIterator[str]:
        yield text
        await go_on.wait()
        for number in range(10):
            yield str(number)

    async with hosted(halting) as client:
        body = {"input": "a", "stream": True}
        async with client.stream("POST", "/invocations", json=body) as response:
            run_id = response.headers["x-run-id"]
            events = follow(response)
            seen = [await anext(events), await anext(events)]
            await events.aclose()
        go_on.set()
        rest = await client.get(
            f"/invocations/{run_id}/events", headers={"last-event-id": seen[-1].id}
        )
        whole = sent_events((await client.get(f"/invocations/{run_id}/events")).text)
        by_query = await client.get(f"/invocations/{run_id}/events?after={seen[-1].id}")
    assert seen + sent_events(rest.text) == whole
    assert sent_events(by_query.text) == sent_events(rest.text)
    assert [int(event.id) for event in whole] == list(range(len(whole)))
    assert whole[-1].data["result"]["output_text"] == "a0123456789"


async def test_following_a_run_from_elsewhere() -> None:
    go_on = asyncio.Event()

    async def halting(text: str) -> AsyncIterator[str]:
        yield text
        await go_on.wait()

    async with hosted(halting) as client:
        token = (await client.post("/invocations", json={"input": "a", "background": True})).json()[
            "token"
        ]
        path = f"/invocations/{token}/events"
        async with client.stream("GET", path) as one, client.stream("GET", path) as two:
            streams = follow(one), follow(two)
            for events in streams:
                assert (await anext(events)).type == "run_started"
            go_on.set()
            for events in streams:
                assert [event.type async for event in events][-1] == "run_completed"


async def test_when_nothing_is_left_a_browser_is_told_to_stop() -> None:
    async with hosted(count) as client:
        response = await client.post("/invocations", json={"input": "1", "stream": True})
        run_id, last = response.headers["x-run-id"], sent_events(response.text)[-1].id
        headers = {"last-event-id": last}
        again = await client.get(f"/invocations/{run_id}/events", headers=headers)
        beyond = await client.get(f"/invocations/{run_id}/events?after=999999")
    assert (again.status_code, again.content) == (204, b"")
    assert beyond.status_code == 204


async def test_bad_requests_to_follow() -> None:
    async with hosted(count) as client:
        run_id = (await client.post("/invocations", json={"input": "1"})).json()["id"]
        path = f"/invocations/{run_id}/events"
        assert (await client.get(path, params={"after": "x"})).status_code == 422
        assert (await client.get(path, headers={"last-event-id": "-7"})).status_code == 422
        missing = await client.get("/invocations/run_none/events")
        foreign = await client.get(path, headers=speaking_as("bob"))
        head = await client.head(path)
    assert missing.status_code == foreign.status_code == 404
    assert missing.content == foreign.content
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")


async def test_a_refused_stream_is_an_ordinary_problem() -> None:
    async with hosted(count) as client:
        response = await client.post(
            "/invocations", json={"input": "1", "stream": True, "session_id": "ses_none"}
        )
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_run_that_fails_says_so_in_the_stream() -> None:
    async def fail(text: str) -> AsyncIterator[str]:
        yield text
        message = "secret"
        raise ValueError(message)

    async with hosted(fail) as client:
        response = await client.post("/invocations", json={"input": "x", "stream": True})
    assert response.status_code == 200
    last = sent_events(response.text)[-1]
    assert last.type == "run_failed"
    assert last.data["failure"]["code"] == "target_error"
    assert "secret" not in response.text


@pytest.mark.parametrize("policy", DisconnectPolicy)
async def test_leaving_a_stream_ends_the_run_only_by_policy(policy: DisconnectPolicy) -> None:
    finish = asyncio.Event()

    async def slow(text: str) -> AsyncIterator[str]:
        yield text
        await finish.wait()

    limits = RunPolicy(on_disconnect=policy, cancel_grace=timedelta(milliseconds=1))
    async with hosted(slow, run_policy=limits) as client:
        body = {"input": "x", "stream": True}
        async with client.stream("POST", "/invocations", json=body) as response:
            run_id = response.headers["x-run-id"]
            await anext(follow(response))
        if policy is DisconnectPolicy.CONTINUE:
            finish.set()
        events = sent_events((await client.get(f"/invocations/{run_id}/events")).text)
    wanted = "run_cancelled" if policy is DisconnectPolicy.CANCEL else "run_completed"
    assert events[-1].type == wanted


async def test_heartbeats_over_a_real_connection() -> None:
    go_on = asyncio.Event()

    async def silent(text: str) -> str:
        await go_on.wait()
        return text

    config = RestConfig(heartbeat_interval=timedelta(milliseconds=20))
    async with (
        hosted(silent, config=config) as client,
        client.stream("POST", "/invocations", json={"input": "a", "stream": True}) as response,
    ):
        beats = 0
        async for line in response.aiter_lines():
            beats += line == ": heartbeat"
            if beats == 3:
                go_on.set()
    assert beats >= 3


async def test_a_client_that_reads_nothing_does_not_hold_the_run() -> None:
    async def flood(text: str) -> AsyncIterator[str]:
        del text
        for _ in range(400):
            yield "x" * 20_000

    config = RestConfig(stalled_client_limit=timedelta(seconds=2))
    async with hosted(flood, config=config) as client:
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(
            base_url=client.base_url, headers=client.headers, limits=limits, timeout=20
        ) as sluggish:
            body = {"input": "x", "stream": True}
            async with sluggish.stream("POST", "/invocations", json=body) as response:
                run_id = response.headers["x-run-id"]
                whole = await client.get(f"/invocations/{run_id}/events", timeout=20)
    assert sent_events(whole.text)[-1].type == "run_completed"
