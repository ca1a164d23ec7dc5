"""Processes that are killed at every step lose nothing; the long form is `tests.runner.crash`."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent_host.testing.crash_journal import Event
from agent_host.testing.crash_verdict import faults_of

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked to be killed")
def test_kills_at_every_step_lose_nothing_and_double_only_what_was_in_flight() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.runner.crash", "--cycles", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def told(*lines: str) -> Sequence[Event]:
    events: list[Event] = []
    for line in lines:
        life, what, name, starts, running = f"{line} 0 0".split()[:5]
        kind = name.partition("-")[0]
        events.append(Event(int(life), what, kind, name, int(starts), int(running)))
    return events


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["1 wanted plain-1"], "plain-1 was lost"),
        (["1 wanted worthless-1"], "worthless-1 was lost"),
        (["1 began plain-1 1 4"], "4 of kind plain ran at once"),
        (["1 began cancelled-1 1 1"], "cancelled-1 was attempted"),
        (["1 did plain-1", "1 did plain-1"], "doubled"),
        (["2 did plain-1", "3 did plain-1"], "doubled"),
        ([f"{life} did plain-{n}" for life in (1, 2) for n in range(4)], "4 tasks of kind plain"),
        ([f"{n} began poison-1 {n}" for n in (1, 2, 3, 4)], "was started [1, 2, 3, 4]"),
        (["1 began poison-1 1", "2 began poison-1 1"], "was started [1, 1]"),
        (["1 began laned-00 1", "1 began laned-02 1"], "while laned-00 was not done"),
        (["1 did laned-00", "1 began laned-02", "1 began laned-00"], "began after laned-02"),
    ],
)
def test_a_fault_is_seen(lines: list[str], fault: str) -> None:
    assert any(fault in found for found in faults_of(told(*lines), killed={1}))


def test_what_is_as_promised_is_no_fault() -> None:
    events = told(
        "1 wanted plain-1",
        "1 wanted laned-00",
        "1 began plain-1 1 1",
        "1 did plain-1 1",
        "1 began laned-00 1 1",
        "2 began plain-1 2 1",
        "2 did plain-1 2",
        "2 began laned-00 2 1",
        "2 did laned-00 2",
        "2 began laned-02 1 1",
    )
    assert list(faults_of(events, killed={1})) == []
