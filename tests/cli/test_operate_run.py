"""`agent-host runs`, and the door it goes through, against real servers that live and die."""

import json
import re
import signal
import stat
from pathlib import Path

import httpx
import pytest

from agent_host.cli.operator_parser import STATUSES
from agent_host.types import RunStatus
from tests.cli.operated import SECRET, Operated


@pytest.fixture
def operated(tmp_path: Path) -> Operated:
    return Operated(tmp_path)


def test_runs_are_listed_shown_and_cancelled(operated: Operated) -> None:
    with operated.served() as server:
        done, waiting = server.start(f"say {SECRET}"), server.start(f"wait {SECRET}")
        server.until(done, "completed")
        server.until(waiting, "running")
        table = operated.said("runs", "list")
        assert [line.split()[0] for line in table.splitlines()] == ["ID", waiting, done]
        assert len({line.index("rest") for line in table.splitlines()[1:]}) == 1
        assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d", table)
        assert operated.json("runs", "list", "--status", "running")[0]["id"] == waiting
        assert operated.json("runs", "list", "--limit", "1")[0]["id"] == waiting
        shown = operated.said("runs", "show", waiting)
        assert re.search(r"^live +yes$", shown, re.MULTILINE)
        cancelled = operated.said("runs", "cancel", waiting)
        assert re.search(r"^status +cancelled$", cancelled, re.MULTILINE)
        again = operated.command("runs", "cancel", waiting)
        assert (again.returncode, again.stdout) == (1, "")
        assert "agent-host: The run is over: it is cancelled." in again.stderr
        assert operated.command("runs", "show", "run_unknown").returncode == 1
        assert SECRET not in table + shown + again.stderr
        assert server.stop() == 0
    log = operated.log.read_text("utf-8")
    assert f"operator 'operator' of tenant 'default' (operator): run.cancel {waiting}: done" in log
    assert SECRET not in log


def test_callers_need_no_key_because_of_the_door(operated: Operated) -> None:
    with operated.served() as server:
        found = json.loads(operated.door.read_text("utf-8"))["d"]
        assert (found["url"], found["pid"]) == (server.url, server.process.pid)
        assert stat.S_IMODE(operated.door.stat().st_mode) == 0o600
        headers = {"authorization": f"Bearer {found['token']}"}
        assert httpx.get(f"{server.url}/admin/runs", headers=headers).status_code == 200
        assert httpx.get(f"{server.url}/admin/runs").status_code == 403
        answer = httpx.post(f"{server.url}/invocations", json={"input": "x"})
        assert answer.status_code == 200
        assert server.stop() == 0
    assert not operated.door.exists()
    assert found["token"] not in operated.log.read_text("utf-8")


def test_what_a_killed_server_left_is_known_for_what_it_is(operated: Operated) -> None:
    with operated.served() as server:
        failed = server.start(f"fail {SECRET}")
        server.until(failed, "failed")
        before = operated.door.read_text("utf-8")
        server.stop(signal.SIGKILL)
    assert operated.door.read_text("utf-8") == before
    listed = operated.json("runs", "list")  # from the folder, as nobody serves from it
    assert [(run["id"], run["failure"]) for run in listed] == [(failed, "target_error")]
    assert operated.json("runs", "show", failed)["live"] is False
    refused = operated.command("runs", "cancel", failed)
    assert refused.returncode == 2
    assert "No server runs on .agent-host. Start one with `agent-host run`" in refused.stderr
    with operated.served() as server:
        assert operated.door.read_text("utf-8") != before
        assert operated.json("runs", "list", "--status", "failed") == listed
        old = json.loads(before)["d"]["token"]
        headers = {"authorization": f"Bearer {old}"}
        assert httpx.get(f"{server.url}/admin/runs", headers=headers).status_code == 401


def test_a_token_that_is_no_good_is_said(operated: Operated) -> None:
    with operated.served():
        text = operated.door.read_text("utf-8")
        token = json.loads(text)["d"]["token"]
        operated.door.write_text(text.replace(token, f"aho_{'x' * 43}"), "utf-8")
        refused = operated.command("runs", "list")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "does not know this key" in refused.stderr
        operated.door.chmod(0o644)
        assert "open to other users" in operated.command("runs", "list").stderr
        operated.door.unlink()
        closed = operated.command("runs", "list")
        assert closed.returncode == 2
        assert "left no way in" in closed.stderr


def test_a_host_with_keys_is_operated_by_door_and_by_key(operated: Operated) -> None:
    made = operated.json("keys", "create", "ops", "--scope", "admin")
    caller = operated.json("keys", "create", "laptop")
    with operated.served() as server:
        assert operated.json("runs", "list") == []
        elsewhere = ("runs", "list", "--url", server.url)
        assert operated.json(*elsewhere, AGENT_HOST_ADMIN_KEY=made["key"]) == []
        assert operated.json(*elsewhere, "--key", made["key"]) == []
        refused = operated.command(*elsewhere, AGENT_HOST_ADMIN_KEY=caller["key"])
        assert refused.returncode == 1
        assert "scope admin" in refused.stderr
        unknown = operated.command(*elsewhere, AGENT_HOST_ADMIN_KEY="ah_x")
        assert (unknown.returncode, caller["key"] in unknown.stderr) == (1, False)
        assert "AGENT_HOST_ADMIN_KEY" in operated.command(*elsewhere).stderr


def test_a_server_on_all_addresses_is_reached_over_loopback(operated: Operated) -> None:
    environ = {
        "AGENT_HOST_SERVER__HOST": "0.0.0.0",  # noqa: S104 - what is tested
        "AGENT_HOST_SERVER__INSECURE": "true",
        "AGENT_HOST_SERVER__ALLOWED_HOSTS": '["agent.example.com"]',
    }
    with operated.served(**environ):
        assert json.loads(operated.door.read_text("utf-8"))["d"]["url"].startswith("http://127.")
        assert operated.json("runs", "list") == []


def test_the_door_can_be_left_out(operated: Operated) -> None:
    with operated.served(AGENT_HOST_ACCESS__OPERATOR_DOOR="false"):
        assert not operated.door.exists()
        assert "access.operator_door" in operated.command("runs", "list").stderr


def test_two_hosts_have_two_doors(operated: Operated) -> None:
    with (
        operated.served() as one,
        operated.served("--store", "disk://second") as two,
    ):
        first, second = one.start("say one"), two.start("say two")
        one.until(first, "completed")
        two.until(second, "completed")
        assert [run["id"] for run in operated.json("runs", "list")] == [first]
        listed = operated.json("runs", "list", "--store", "disk://second")
        assert [run["id"] for run in listed] == [second]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("runs", "list"), "There is no store in .agent-host"),
        (("runs", "show", "run_x"), "There is no store in .agent-host"),
        (("runs", "cancel", "run_x"), "agent-host run"),
        (("runs", "list", "--store", "memory://"), "--url"),
        (("runs", "list", "--key", "x"), "--key goes with --url"),
        (("runs", "list", "--url", "ftp://x", "--key", "x"), "--url: expected"),
        (("runs", "list", "--url", "http://[", "--key", "x"), "--url: expected"),
        (("runs", "list", "--url", "http://127.0.0.1:1", "--key", "x"), "does not answer"),
        (("runs", "list", "--url", "http://127.0.0.1:1", "--key", "x\ny"), "characters"),
        (("runs", "list", "--status", "lost"), "invalid choice"),
        (("runs", "list", "--limit", "0"), "invalid"),
        (("runs", "list", "--limit", "5", "--all"), "not allowed"),
        (("runs",), "ACTION"),
    ],
)
def test_what_cannot_be_done_is_said_with_code_2(
    operated: Operated, arguments: tuple[str, ...], said: str
) -> None:
    done = operated.command(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_every_status_can_be_asked_for() -> None:
    assert set(STATUSES) == set(RunStatus)
