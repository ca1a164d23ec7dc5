"""Turns whose `run_hook` ends every process that makes them, and turns that stand in line."""

from pathlib import Path

import httpx

from tests.durable.hooked import POISON
from tests.durable.server import EndedError, KilledServer

HOOKED = "tests.durable.hooked"
RERUNNABLE = "tests/durable/target.py:rerunnable"
LIMIT = 5


def test_a_turn_that_ends_every_process_before_it_begins_is_given_up(tmp_path: Path) -> None:
    with KilledServer(tmp_path, RERUNNABLE, program=HOOKED) as server:
        held = server.start("held", session_id="s")
        server.until_said(held, "text_delta")
        token = server.start(POISON, session_id="s")
        while server.attempts.count(f"{POISON} 1") < 2:  # as it comes, and as its task
            server.run(token)
    server.gate.touch()
    before = len([line for line in server.attempts if line.startswith(POISON)])
    ended: dict[str, object] | None = None
    lives = 0
    while ended is None:
        lives += 1
        assert lives <= 2 * LIMIT
        try:
            with KilledServer(tmp_path, RERUNNABLE, program=HOOKED) as server:
                while ended is None:
                    run = server.run(token)
                    ended = run if run["status"] == "failed" else None
        except (EndedError, httpx.TransportError):
            continue
    assert isinstance(ended["failure"], dict)
    assert ended["failure"]["code"] == "interrupted"
    calls = len([line for line in server.attempts if line.startswith(POISON)])
    assert calls - before == LIMIT - 1  # the first life, that stood in line, was the first attempt


def test_a_turn_in_line_is_not_blamed_for_the_processes_that_end_meanwhile(tmp_path: Path) -> None:
    token = ""
    for life in range(1, LIMIT + 1):
        with KilledServer(tmp_path, RERUNNABLE, program=HOOKED) as server:
            if not token:
                first = server.start("first", session_id="s")
                server.until_said(first, "text_delta")
                token = server.start("second", session_id="s")
            while server.attempts.count("second 1") <= life:  # once more, as it came
                server.run(token)
            # The hook is over: what is stored now is stored behind that.
            server.start(f"beside {life}")
    with KilledServer(tmp_path, RERUNNABLE, program=HOOKED) as server:
        server.gate.touch()
        assert server.events(token)[-1].endswith("run_completed"), server.run(token)
