"""`/admin/tasks`: counts and dead letters, ten thousand of them, and what is done with them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent_host.errors import PermanentTaskError
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.runner.task_record import put_graves, put_task, stored_task
from agent_host.stores.disk import DiskStateStore
from agent_host.stores.memory import MemoryStateStore
from agent_host.system import SystemClock
from agent_host.types.identifier import TaskId
from agent_host.types.store import Write
from agent_host.types.task import RetryPolicy, Task, TaskSpec, TaskStatus
from tests.asgi.admin import client_of, operated

SECRET = "plum-tomato-42"
MANY = 10_000


async def echo(text: str) -> str:
    return text


class Work:
    """A runner with a kind of its own, whose tasks die, wait or stand as a test wishes."""

    def __init__(self) -> None:
        self.store = MemoryStateStore()
        self.runner = StoreTaskRunner(self.store)
        self.dies = True
        self.runner.register("push", self._do, concurrency=8, retry=RetryPolicy(attempts_limit=1))

    async def _do(self, task: Task) -> None:
        if self.dies:
            raise PermanentTaskError(SECRET)

    async def schedule(self, *, delay: timedelta = timedelta()) -> str:
        payload = f'{{"v":1,"text":"{SECRET}"}}'.encode()
        spec = TaskSpec(kind="push", payload=payload, key=SECRET, lane=SECRET, delay=delay)
        return (await self.runner.schedule(spec)).id

    async def until(self, task_id: str, status: TaskStatus) -> None:
        while (task := await self.runner.get(TaskId(task_id))) is None or task.status != status:
            await asyncio.sleep(0)


@pytest.fixture
async def operating() -> AsyncIterator[tuple[Work, httpx.AsyncClient]]:
    work = Work()
    async with operated(echo, store=work.store, runner=work.runner) as (_, client):
        yield work, client


async def test_a_dead_letter_is_shown_replayed_and_purged(
    operating: tuple[Work, httpx.AsyncClient], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "agent_host.asgi.audit")
    work, client = operating
    task_id = await work.schedule()
    await work.until(task_id, TaskStatus.DEAD)
    counts = {
        one["kind"]: one["dead"] for one in (await client.get("/admin/tasks")).json()["kinds"]
    }
    assert counts["push"] == 1
    shown = (await client.get(f"/admin/tasks/{task_id}")).json()
    assert (shown["kind"], shown["status"], shown["last_error"]) == ("push", "dead", "permanent")
    assert (await client.get("/admin/tasks/dead")).json()["tasks"] == [shown]

    assert (await client.post(f"/admin/tasks/{task_id}/replay")).status_code == 200
    await work.until(task_id, TaskStatus.DEAD)
    assert (await client.delete(f"/admin/tasks/{task_id}")).status_code == 204
    assert (await client.get(f"/admin/tasks/{task_id}")).status_code == 404
    assert (await client.delete(f"/admin/tasks/{task_id}")).status_code == 404
    audit = [one.getMessage() for one in caplog.records if one.name == "agent_host.asgi.audit"]
    said = [line.partition("(token): ")[2] for line in audit]
    assert said == [
        f"task.replay {task_id}: done",
        f"task.purge {task_id}: done",
        f"task.purge {task_id}: not_found",
    ]


async def test_nothing_of_what_is_in_a_task_is_shown(
    operating: tuple[Work, httpx.AsyncClient],
) -> None:
    work, client = operating
    task_id = await work.schedule()
    await work.until(task_id, TaskStatus.DEAD)
    answers = [
        await client.get("/admin/tasks"),
        await client.get("/admin/tasks/dead"),
        await client.get("/admin/tasks/dead", params={"kind": "push"}),
        await client.get(f"/admin/tasks/{task_id}"),
        await client.post(f"/admin/tasks/{task_id}/cancel"),
        await client.post(f"/admin/tasks/{task_id}/replay"),
    ]
    assert task_id in "".join(one.text for one in answers)
    assert SECRET not in "".join(one.text for one in answers)


async def test_a_task_that_waits_is_cancelled_once(
    operating: tuple[Work, httpx.AsyncClient],
) -> None:
    work, client = operating
    task_id = await work.schedule(delay=timedelta(hours=1))
    for path in (f"/admin/tasks/{task_id}/replay", f"/admin/tasks/{task_id}/replay"):
        assert (await client.post(path)).json()["code"] == "task_state"
    assert (await client.delete(f"/admin/tasks/{task_id}")).status_code == 409
    assert (await client.post(f"/admin/tasks/{task_id}/cancel")).json()["status"] == "cancelled"
    assert (await client.post(f"/admin/tasks/{task_id}/cancel")).status_code == 409


async def test_the_task_of_a_run_is_not_taken_from_it(
    operating: tuple[Work, httpx.AsyncClient],
) -> None:
    work, client = operating
    spec = TaskSpec(kind="run", payload=b"{}", delay=timedelta(hours=1))
    task = await work.runner.schedule(spec)
    refused = await client.post(f"/admin/tasks/{task.id}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "task_state")
    assert "Cancel the run" in refused.json()["detail"]


async def test_ten_thousand_dead_letters_are_paged_replayed_and_purged(tmp_path: Path) -> None:
    now = SystemClock().now()
    writes: list[Write] = []
    for number in range(MANY):
        kind = f"kind{number % 2}"
        task = Task(
            id=TaskId(f"tsk_{number:05d}"),
            spec=TaskSpec(kind=kind, payload=SECRET.encode()),
            status=TaskStatus.DEAD,
            created_at=now,
            due_at=now,
            over_at=now - timedelta(days=1 if number < 100 else 10),
        )
        stored = stored_task(task, order=number)
        writes += (put_task(stored), *put_graves(stored))
    store = DiskStateStore(tmp_path / "state")
    async with operated(echo, store=store) as (_, client):
        await store.commit(writes)
        seen: list[str] = []
        query: dict[str, Any] = {"limit": 200}
        while True:
            page = (await client.get("/admin/tasks/dead", params=query)).json()
            assert len(page["tasks"]) <= 200
            seen += [task["id"] for task in page["tasks"]]
            if page["next_cursor"] is None:
                break
            query["after"] = page["next_cursor"]
        assert len(seen) == len(set(seen)) == MANY
        old: dict[str, Any] = {"kind": "kind0", "older_than_seconds": 9 * 86_400}
        purged = await client.post("/admin/tasks/dead/purge", params=old)
        assert purged.json() == {"purged": MANY // 2 - 50}
        replayed = await client.post("/admin/tasks/dead/replay", params={"kind": "kind0"})
        assert replayed.json() == {"replayed": 50}
        rest = await client.post("/admin/tasks/dead/purge")
        assert rest.json() == {"purged": MANY // 2}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/admin/tasks/dead?limit=0"),
        ("GET", "/admin/tasks/dead?after=%2e%2e%2f"),
        ("GET", "/admin/tasks/dead?kind="),
        ("GET", "/admin/tasks/dead?kind=%00"),
        ("GET", f"/admin/tasks/dead?kind={'k' * 201}"),
        ("GET", "/admin/tasks?kind=push"),
        ("POST", "/admin/tasks/dead/purge?older_than_seconds=-1"),
        ("POST", "/admin/tasks/dead/purge?older_than_seconds=7d"),
        ("POST", "/admin/tasks/dead/purge?older_than_seconds=999999999999"),
        ("POST", "/admin/tasks/dead/purge?older_than=7"),
        ("POST", "/admin/tasks/dead/replay?older_than_seconds=7"),
        ("POST", "/admin/tasks/dead/replay?kind=a&kind=b"),
    ],
)
async def test_every_parameter_is_checked(
    method: str, path: str, operating: tuple[Work, httpx.AsyncClient]
) -> None:
    work, client = operating
    task_id = await work.schedule()
    await work.until(task_id, TaskStatus.DEAD)
    answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert len((await work.runner.dead_letters()).items) == 1


@pytest.mark.parametrize("task_id", ["tsk_unknown", "run_0123", "tsk_", "tsk_%00", "x" * 500])
async def test_what_is_not_there_is_404(
    task_id: str, operating: tuple[Work, httpx.AsyncClient]
) -> None:
    _, client = operating
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/replay"), ("POST", "/cancel")):
        answer = await client.request(method, f"/admin/tasks/{task_id}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_caller_does_nothing_with_tasks() -> None:
    work = Work()
    async with operated(echo, store=work.store, runner=work.runner) as (host, _):
        task_id = await work.schedule()
        await work.until(task_id, TaskStatus.DEAD)
        async with client_of(host, "caller") as caller:
            assert (await caller.post("/admin/tasks/dead/purge")).status_code == 403
            assert (await caller.delete(f"/admin/tasks/{task_id}")).status_code == 403
        assert len((await work.runner.dead_letters()).items) == 1
