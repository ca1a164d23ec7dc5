"""`agent-host tasks` against a real server, and against what one left."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from agent_host.runner.task_record import put_graves, put_task, stored_task
from agent_host.stores.disk import DiskStateStore
from agent_host.system import SystemClock
from agent_host.types.identifier import TaskId
from agent_host.types.store import Write
from agent_host.types.task import Task, TaskSpec, TaskStatus
from tests.cli.operated import SECRET, Operated

COUNT = 450
OLD = 50


@pytest.fixture
def operated(tmp_path: Path) -> Operated:
    return Operated(tmp_path)


def bury(folder: Path, count: int = COUNT, *, old: int = OLD) -> Sequence[str]:
    """Leave dead letters in the folder, as a server would; their ids. The first are of old."""
    now = SystemClock().now()
    writes: list[Write] = []
    for number in range(count):
        task = Task(
            id=TaskId(f"tsk_{number:05d}"),
            spec=TaskSpec(
                kind=f"push{number % 2}", payload=SECRET.encode(), key=f"{SECRET}{number}"
            ),
            status=TaskStatus.DEAD,
            created_at=now,
            due_at=now,
            starts=5,
            last_error="permanent",
            over_at=now - timedelta(days=10 if number < old else 1),
        )
        stored = stored_task(task, order=number)
        writes += (put_task(stored), *put_graves(stored))

    async def write() -> None:
        async with DiskStateStore(folder) as store:
            await store.commit(writes)

    asyncio.run(write())
    return [f"tsk_{number:05d}" for number in range(count)]


def ids(found: Sequence[dict[str, str]]) -> list[str]:
    return [one["id"] for one in found]


def test_dead_letters_are_listed_whether_a_server_runs_or_not(operated: Operated) -> None:
    made = bury(operated.state)
    stopped = operated.json("tasks", "dead", "--all")
    assert ids(stopped) == made
    assert operated.json("tasks", "show", made[7]) == stopped[7]
    assert operated.command("tasks", "show", "tsk_unknown").returncode == 1
    with operated.served():
        assert operated.json("tasks", "dead", "--all") == stopped
        assert operated.json("tasks", "show", made[7]) == stopped[7]
        few = operated.command("tasks", "dead", "--kind", "push1", "--limit", "3")
        assert [line.split()[0] for line in few.stdout.splitlines()] == ["ID", *made[1:7:2]]
        assert "There are more" in few.stderr
        assert SECRET not in few.stdout


def test_they_are_counted_replayed_and_purged(operated: Operated) -> None:
    made = bury(operated.state)
    with operated.served() as server:
        counts = {one["kind"]: one["dead"] for one in operated.json("tasks")}
        assert (counts["push0"], counts["push1"], counts["run"]) == (COUNT // 2, COUNT // 2, 0)
        assert operated.said("tasks").splitlines()[0].split() == [
            *("KIND", "WAITING", "ATTEMPTING", "DEAD", "OLDEST", "DUE")
        ]
        assert operated.json("tasks", "replay", made[100])["status"] == "scheduled"
        assert operated.said("tasks", "purge", made[102]) == f"Purged {made[102]}.\n"
        assert operated.command("tasks", "purge", made[102]).returncode == 1
        assert operated.command("tasks", "replay", made[100]).returncode == 1
        assert operated.json("tasks", "cancel", made[100])["status"] == "cancelled"
        purged = operated.said("tasks", "purge", "--all", "--older-than", "P7D")
        assert purged == f"Purged {OLD} dead letters.\n"
        replayed = operated.json("tasks", "replay", "--all", "--kind", "push1")
        assert replayed == {"replayed": COUNT // 2 - OLD // 2}
        assert operated.json("tasks", "purge", "--all") == {"purged": COUNT // 2 - OLD // 2 - 2}
        assert server.stop() == 0
    assert operated.json("tasks", "dead") == []
    log = operated.log.read_text("utf-8")
    assert f"task.purge {made[102]}: done" in log
    assert f"task.purge_all kind=None older_than_seconds=604800: done, {OLD}" in log
    assert SECRET not in log


def test_an_age_may_be_a_fraction_and_is_bounded(operated: Operated) -> None:
    bury(operated.state, 3, old=3)
    with operated.served():
        younger = ("tasks", "purge", "--all", "--older-than", "100000w")
        assert operated.command(*younger).returncode == 1
        assert operated.json("tasks", "purge", "--all", "--older-than", "9.9d") == {"purged": 3}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tasks",), "No server runs on .agent-host"),
        (("tasks", "dead"), "There is no store in .agent-host"),
        (("tasks", "replay"), "required"),
        (("tasks", "purge", "tsk_x", "--all"), "not allowed"),
        (("tasks", "purge", "tsk_x", "--older-than", "7d"), "go with --all"),
        (("tasks", "replay", "tsk_x", "--kind", "push"), "go with --all"),
        (("tasks", "purge", "--all", "--older-than", "soon"), "--older-than: expected a duration"),
        (("tasks", "purge", "--all", "--older-than", "P"), "--older-than: expected a duration"),
        (("tasks", "purge", "--all", "--older-than", "-7d"), "expected"),
    ],
)
def test_what_cannot_be_done_is_said_with_code_2(
    operated: Operated, arguments: tuple[str, ...], said: str
) -> None:
    done = operated.command(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
