"""Runs that nobody waits for: accepted, fetched, listed, cancelled."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from agent_host.types import RunPolicy, Turn
from tests.channels.rest.hosting import hosted, only_run, sent_events, speaking_as


async def echo(text: str) -> str:
    return text


async def ended(client: httpx.AsyncClient, run_id: str) -> dict[str, object]:
    """The run once its events have ended."""
    await client.get(f"/invocations/{run_id}/events")
    run: dict[str, object] = (await client.get(f"/invocations/{run_id}")).json()
    return run


@pytest.mark.parametrize("by", ["body", "prefer"])
async def test_a_background_run_is_accepted_and_can_be_fetched(by: str) -> None:
    async with hosted(echo) as client:
        body = {"input": "x", "background": True if by == "body" else None}
        headers = {"prefer": "respond-async"} if by == "prefer" else {}
        response = await client.post("/invocations", json=body, headers=headers)
        accepted = response.json()
        assert response.status_code == 202
        assert response.headers["location"] == accepted["links"]["run"]
        assert response.headers["x-run-id"] == accepted["token"]
        assert response.headers.get("preference-applied") == headers.get("prefer")
        run = await ended(client, accepted["token"])
        fetched = await client.get(response.headers["location"])
    assert run["status"] == "completed"
    assert run["background"] is True
    assert run["output_text"] == "x"
    assert fetched.headers["x-run-id"] == run["id"]


async def test_an_idempotency_key_accepts_once() -> None:
    async with hosted(echo) as client:
        body = {"input": "x", "background": True}
        headers = {"idempotency-key": "k"}
        first = await client.post("/invocations", json=body, headers=headers)
        again = await client.post("/invocations", json=body, headers=headers)
    assert again.status_code == 202
    assert again.json()["token"] == first.json()["token"]
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_run_is_seen_by_its_owner_only() -> None:
    async with hosted(echo) as client:
        run_id = (await client.post("/invocations", json={"input": "x"})).json()["id"]
        for method, path, body in (
            ("GET", "", None),
            ("GET", "/events", None),
            ("POST", "/cancel", None),
            ("POST", "/answer", {"answer": 1}),
            ("POST", "/answer", {"answers": {"q": 1}}),
        ):
            foreign = await client.request(
                method, f"/invocations/{run_id}{path}", json=body, headers=speaking_as("bob")
            )
            missing = await client.request(method, f"/invocations/run_none{path}", json=body)
            assert foreign.status_code == missing.status_code == 404
            assert foreign.content == missing.content
        mine = (await client.get("/invocations")).json()["items"]
        theirs = (await client.get("/invocations", headers=speaking_as("bob"))).json()["items"]
    assert [run["id"] for run in mine] == [run_id]
    assert theirs == []


async def test_lists_are_paged_newest_first() -> None:
    async with hosted(echo) as client:
        made = [
            (await client.post("/invocations", json={"input": str(n)})).json()["id"]
            for n in range(5)
        ]
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = (await client.get("/invocations", params=params)).json()
            assert len(page["items"]) <= 2
            seen += [run["id"] for run in page["items"]]
            cursor = page["next_cursor"]
        for params in ({"limit": "0"}, {"limit": "101"}, {"limit": "x"}):
            assert (await client.get("/invocations", params=params)).status_code == 422
        assert (await client.get("/invocations", params={"cursor": "x y"})).status_code == 400
    assert seen == made[::-1]


async def test_cancel_stops_a_run_once() -> None:
    began = asyncio.Event()

    async def patient(turn: Turn) -> None:
        began.set()
        await turn.cancelled.wait()
        await asyncio.Event().wait()

    limits = RunPolicy(cancel_grace=timedelta(milliseconds=50))
    async with hosted(patient, run_policy=limits) as client:
        accepted = await client.post("/invocations", json={"input": "x", "background": True})
        token = accepted.json()["token"]
        await began.wait()
        assert (await client.get(f"/invocations/{token}")).json()["status"] == "running"
        stopped = await client.post(f"/invocations/{token}/cancel")
        events = await client.get(f"/invocations/{token}/events")
        again = await client.post(f"/invocations/{token}/cancel")
        run = (await client.get(f"/invocations/{token}")).json()
    assert stopped.status_code in {200, 202}
    assert stopped.json()["id"] == token
    assert sent_events(events.text)[-1].data["reason"] == "caller"
    assert (run["status"], run["output_text"]) == ("cancelled", None)
    assert (again.status_code, again.json()["code"]) == (409, "not_cancellable")


async def test_a_run_that_is_cancelled_while_you_wait_is_an_answer() -> None:
    began = asyncio.Event()

    async def patient(turn: Turn) -> None:
        began.set()
        await turn.cancelled.wait()
        raise asyncio.CancelledError

    async with hosted(patient) as client, asyncio.TaskGroup() as group:
        call = group.create_task(client.post("/invocations", json={"input": "x"}))
        await began.wait()
        stopped = await client.post(f"/invocations/{await only_run(client)}/cancel")
        assert stopped.status_code == 200
        response = await call
    assert response.status_code == 200
    assert response.json()["status"] == "cancelled"
