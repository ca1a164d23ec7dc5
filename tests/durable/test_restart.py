"""A server is killed and started again over the same folder."""

from pathlib import Path
from shutil import rmtree

import httpx
import pytest

from tests.durable.server import KilledServer

TARGETS = "tests/durable/target.py"
RERUNNABLE = f"{TARGETS}:rerunnable"
ONCE = f"{TARGETS}:once"


def test_the_same_token_leads_to_the_answer(tmp_path: Path) -> None:
    with KilledServer(tmp_path, RERUNNABLE) as server:
        token = server.start("hello")
        server.until_said(token, "hello")
    with KilledServer(tmp_path, RERUNNABLE) as server:
        server.gate.touch()
        events = server.events(token)
        run = server.run(token)
        attempts = server.attempts
    assert run["status"] == "completed"
    assert run["output_text"] == "hello done"
    assert attempts == ["hello 1", "hello 2"]
    assert events == [
        "0 run_started",
        "1 text_delta",
        "2 run_started",
        "3 text_delta",
        "4 text_delta",
        "5 run_completed",
    ]


def test_what_may_not_be_run_again_has_failed(tmp_path: Path) -> None:
    with KilledServer(tmp_path, ONCE) as server:
        tokens = [server.start(text) for text in ("one", "two")]
        for token in tokens:
            server.until_said(token, "text_delta")
    with KilledServer(tmp_path, ONCE) as server:
        server.gate.touch()
        for token in tokens:
            assert server.events(token)[-1].endswith("run_failed")
            failure = server.run(token)["failure"]
            assert isinstance(failure, dict)
            assert failure["code"] == "interrupted"
        assert sorted(server.attempts) == ["one 1", "two 1"]


def test_what_was_queued_is_run_once(tmp_path: Path) -> None:
    limit = {"AGENT_HOST_RUN__BACKGROUND_LIMIT": "2"}
    texts = [f"text{number:02}" for number in range(20)]
    with KilledServer(tmp_path, ONCE, environ=limit) as server:
        tokens = [server.start(text) for text in texts]
        server.until_said(tokens[0], "text_delta")
        server.until_said(tokens[1], "text_delta")
    with KilledServer(tmp_path, ONCE, environ=limit) as server:
        server.gate.touch()
        outcomes = [server.events(token)[-1].split()[1] for token in tokens]
        attempts = server.attempts
    assert outcomes == ["run_failed"] * 2 + ["run_completed"] * 18
    assert sorted(attempts) == [f"{text} 1" for text in texts]


def test_sessions_idempotency_and_finished_runs_are_kept(tmp_path: Path) -> None:
    body = {"input": "first", "session_id": "s"}
    key = {"idempotency-key": "k1"}
    with KilledServer(tmp_path, ONCE) as server:
        server.gate.touch()
        before = server.client.post("/invocations", json=body, headers=key).json()
    with KilledServer(tmp_path, ONCE) as server:
        replay = server.client.post("/invocations", json=body, headers=key)
        assert replay.headers["idempotent-replayed"] == "true"
        assert replay.json() == before
        other = server.client.post("/invocations", json={**body, "input": "x"}, headers=key)
        assert other.status_code == httpx.codes.UNPROCESSABLE_ENTITY
        said = server.client.get("/sessions/s").json()["messages"]
        assert [message["parts"][0]["text"] for message in said] == ["first", "first done"]
        assert server.attempts == ["first 1"]


@pytest.mark.parametrize("target", [RERUNNABLE, ONCE])
def test_a_foreground_stream_can_be_taken_up_by_the_next_process(
    tmp_path: Path, target: str
) -> None:
    with KilledServer(tmp_path, target) as server:
        body = {"input": "hi", "stream": True}
        with server.client.stream("POST", "/invocations", json=body) as stream:
            token = stream.headers["x-run-id"]
            for line in stream.iter_lines():
                if "text_delta" in line:
                    break
    with KilledServer(tmp_path, target) as server:
        server.gate.touch()
        events = server.events(token, after=1)
    ends = "run_completed" if target == RERUNNABLE else "run_failed"
    assert events[0].startswith("2 ")
    assert events[-1].endswith(ends)


def test_queued_turns_of_a_session_go_on_at_once_and_in_order(tmp_path: Path) -> None:
    limit = {"AGENT_HOST_RUN__BACKGROUND_LIMIT": "1"}
    texts = [f"text{number}" for number in range(8)]
    with KilledServer(tmp_path, RERUNNABLE, environ=limit) as server:
        first = server.start("first", session_id="s")
        server.until_said(first, "text_delta")
        tokens = [server.start(text, session_id="s") for text in texts]
    with KilledServer(tmp_path, RERUNNABLE) as server:
        server.gate.touch()
        ends = [server.events(token)[-1].split()[1] for token in (first, *tokens)]
        said = server.client.get("/sessions/s").json()["messages"]
        attempts = server.attempts
    assert ends == ["run_completed"] * 9
    asked = [one["parts"][0]["text"] for one in said if one["role"] == "user"]
    assert asked == ["first", *texts]
    assert sorted(attempts) == ["first 1", "first 2", *(f"{text} 1" for text in texts)]


def test_a_folder_that_is_deleted_while_it_is_open_is_not_taken_for_kept(tmp_path: Path) -> None:
    with KilledServer(tmp_path, ONCE) as server:
        server.gate.touch()
        assert server.client.post("/invocations", json={"input": "one"}).is_success
        rmtree(tmp_path / "state")
        while server.client.post("/invocations", json={"input": "two"}).is_success:
            pass  # it is looked at now and then
        body = {"input": "three", "background": True}
        refused = server.client.post("/invocations", json=body)
        assert refused.status_code == httpx.codes.SERVICE_UNAVAILABLE
