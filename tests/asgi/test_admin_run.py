"""`/admin/runs`: everybody's runs by pages, and nothing of what is in them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from agent_host.errors import TargetError
from agent_host.stores.memory import MemoryStateStore
from agent_host.types import Question, QuestionId, RunPolicy
from agent_host.types.event import InputRequired
from tests.asgi.admin import client_of, operated
from tests.host.harness import acting_as, request
from tests.host.killed import SurvivingStore

SECRET = "plum-tomato-42"
AT_ONCE = RunPolicy(cancel_grace=timedelta())


async def talk(text: str) -> AsyncIterator[Any]:
    yield text
    match text.split(maxsplit=1)[0]:
        case "fail":
            raise TargetError(SECRET, code=f"Because of {SECRET}")
        case "ask":
            question = Question(id=QuestionId("q"), prompt=SECRET)
            yield InputRequired(questions=(question,))
        case "wait":
            await asyncio.Event().wait()
        case _:
            pass


@pytest.fixture
async def store() -> AsyncIterator[SurvivingStore]:
    async with MemoryStateStore() as memory:
        yield SurvivingStore(memory)


async def listed(client: httpx.AsyncClient, **parameters: str | int) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        query = {**parameters, **({} if cursor is None else {"cursor": cursor})}
        page = (await client.get("/admin/runs", params=query)).json()
        found += [run["id"] for run in page["runs"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


async def test_everybodys_runs_are_listed_newest_first(store: SurvivingStore) -> None:
    async with operated(talk, store=store) as (host, client):
        made: list[str] = []
        for name in ("alice", "bob", "alice", "carol", "bob"):
            with acting_as(name):
                made.append((await host.context.run(request())).run.id)
        assert sorted(await listed(client, limit=2)) == sorted(made)
        assert await listed(client, limit=2) == sorted(made, reverse=True)
        assert len(await listed(client, status="completed")) == 5
        assert await listed(client, status="failed") == []


async def test_nothing_of_what_was_said_is_shown(
    store: SurvivingStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with operated(talk, store=store, run_policy=AT_ONCE) as (host, client):
        async with client_of(host, "caller") as caller:
            for word in ("say", "fail", "ask", "wait"):
                body = {
                    "input": f"{word} {SECRET}",
                    "metadata": {SECRET: SECRET},
                    "session_id": SECRET,
                    "background": True,
                }
                if word != "say":
                    body.pop("session_id")
                headers = {"idempotency-key": f"{word}-{SECRET}"}
                answer = await caller.post("/invocations", json=body, headers=headers)
                assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        while len(await listed(client, status="running")) != 1 or await listed(
            client, status="queued"
        ):
            await asyncio.sleep(0)
        assert len(await listed(client, status="input_required")) == 1
        answers = [(await client.get("/admin/runs")).text]
        for run_id in await listed(client):
            answers.append((await client.get(f"/admin/runs/{run_id}")).text)
            cancelled = await client.post(f"/admin/runs/{run_id}/cancel")
            answers.append(cancelled.text)
        answers.append((await client.get("/admin/tasks")).text)
        assert '"questions":1' in "".join(answers)
        assert '"failure":"target_error"' in "".join(answers)
        assert SECRET not in "".join(answers)
        audit = [one for one in caplog.records if one.name == "agent_host.asgi.audit"]
        assert len(audit) == 4
        assert SECRET not in "".join(one.getMessage() for one in audit)


async def test_a_run_is_cancelled_and_the_log_says_by_whom(
    store: SurvivingStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "agent_host.asgi.audit")
    async with operated(talk, store=store, run_policy=AT_ONCE) as (host, client):
        with acting_as("alice"):
            started = await host.context.start(request("wait", background=True))
        run_id = started.run.id
        while (await client.get(f"/admin/runs/{run_id}")).json()["status"] != "running":
            await asyncio.sleep(0)
        shown = (await client.get(f"/admin/runs/{run_id}")).json()
        assert (shown["live"], shown["background"], shown["tenant"]) == (True, True, "default")
        assert (await client.post(f"/admin/runs/{run_id}/cancel")).json()["id"] == run_id
        while (await client.get(f"/admin/runs/{run_id}")).json()["status"] != "cancelled":
            await asyncio.sleep(0)
        again = await client.post(f"/admin/runs/{run_id}/cancel")
        assert (again.status_code, again.json()["code"]) == (409, "not_cancellable")
        audit = [one for one in caplog.records if one.name == "agent_host.asgi.audit"]
        assert [one.getMessage() for one in audit] == [
            f"operator 'admin-7' of tenant 'default' (token): run.cancel {run_id}: done",
            f"operator 'admin-7' of tenant 'default' (token): run.cancel {run_id}: not_cancellable",
        ]


@pytest.mark.parametrize(
    "run_id", ["run_unknown", "ses_0123", "run_", "run_%00", "run_..%2f..", "..%2fruns", "x" * 500]
)
async def test_what_is_not_there_is_404(run_id: str, store: SurvivingStore) -> None:
    async with operated(talk, store=store) as (_, client):
        for method, path in (("GET", ""), ("POST", "/cancel")):
            answer = await client.request(method, f"/admin/runs/{run_id}{path}")
            assert answer.status_code == 404
            assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=ten",
        "limit=",
        "limit=" + "9" * 5000,
        "limit=1&limit=2",
        "status=lost",
        "cursor=../../etc",
        "cursor=ses_1",
        "cursor=%00",
        "who=alice",
    ],
)
async def test_every_parameter_is_checked(query: str, store: SurvivingStore) -> None:
    async with operated(talk, store=store) as (_, client):
        answer = await client.get(f"/admin/runs?{query}")
        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid_request"
        assert (await client.get(f"/admin/runs/run_x?{query}")).status_code == 400


async def test_a_body_is_not_read() -> None:
    async with operated(talk) as (_, client):
        answer = await client.post("/admin/runs/run_x/cancel", content=b"x" * 5000)
        assert answer.status_code == 413
