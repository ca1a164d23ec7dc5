"""A served host is killed at every step, and nothing is lost; the long form is `tests.crash`."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.crash.death import STEPS, deaths, every_death, short_form
from tests.crash.verdict import (
    COUNTED,
    DOUBLED,
    DOUBLED_TURNS,
    LOST_EVENTS,
    LOST_REPLIES,
    OTHER,
    UNMARKED,
    judge,
)

ROOT: Final = Path(__file__).parents[2]

SOUND: Final = (
    "acknowledged mail ann plain-1",
    "began r1 plain-1 1",
    "ended r1 plain-1 1",
    "began r1 plain-1 2",
    "ended r1 plain-1 2",
    "recorded r1",
    "took mail d1 r1 reply",
    "took chat d2 r1 echo",
    "took chat d2 r1 echo",
    "took chat d2 r1 reply",
    "acknowledged webhook ben plain-2",
    "began r2 plain-2 2",
    "ended r2 plain-2 2",
    "took webhook d4 r2 reply",
    "run r1 completed 2 mail ann",
    "run r2 completed 1 webhook ben",
    "said user plain-1",
    "said assistant PLAIN-1",
    "said user plain-2",
    "said assistant PLAIN-2",
    "is trial d1 r1 mail unknown 0 1",
    "is trial d2 r1 chat accepted 0 1",
    "is trial d3 r1 webhook dead 0 0",
    "took mail d1 r1 reply",
    "took webhook d3 r1 reply",
    "is replayed d1 r1 mail accepted 1 1",
    "is replayed d2 r1 chat accepted 0 1",
    "is replayed d3 r1 webhook accepted 1 0",
    "is replayed d4 r2 webhook accepted 0 0",
)
"""A run that was run again; its reply by mail was in doubt, and an operator sent it again."""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_kills_at_every_step_lose_nothing_and_double_only_what_says_so() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.crash"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def faults_of(lines: Sequence[str], *, rerunnable: bool = True) -> dict[str, list[str]]:
    verdict = judge([line.split(" ") for line in lines], rerunnable=rerunnable)
    assert verdict.is_good == (not any(verdict.faults.values()))
    return {name: list(found) for name, found in verdict.faults.items() if found}


def test_what_is_as_promised_is_no_fault() -> None:
    assert faults_of(SOUND) == {}


@pytest.mark.parametrize("times", [1, 5])
def test_a_run_may_fail_with_its_processes_as_often_as_it_takes(times: int) -> None:
    lines = [line for line in SOUND if not line.startswith("said") or line.endswith("-2")]
    failed = [line.replace("r1 completed 2", f"r1 failed {times}") for line in lines]
    assert (LOST_EVENTS in faults_of(failed)) == (times == 1)
    assert LOST_EVENTS not in faults_of(failed, rerunnable=False)


@pytest.mark.parametrize(
    ("without", "fault", "text"),
    [
        ("run r2", LOST_EVENTS, "plain-2 became r2, which is gone"),
        ("began r2", LOST_EVENTS, "plain-2 became no run"),
        ("said user plain-1", DOUBLED_TURNS, "in its conversation (0, 1) times"),
        ("is replayed d4", LOST_REPLIES, "nothing of r2 is for webhook"),
        ("took chat d2 r1 echo", LOST_REPLIES, "the echo of r1 never came to chat"),
        ("took webhook d4", LOST_REPLIES, "the reply of r2 never came to webhook"),
        ("is trial d3", OTHER, "dead should not be"),
    ],
)
def test_what_is_missing_is_seen(without: str, fault: str, text: str) -> None:
    lines = [line for line in SOUND if not line.startswith(without)]
    if without == "began r2":
        lines = [line for line in lines if not line.startswith("run r2")]
    assert any(text in found for found in faults_of(lines)[fault])


@pytest.mark.parametrize(
    ("line", "fault", "text"),
    [
        ("acknowledged chat cyd plain-3", LOST_EVENTS, "plain-3 became no run"),
        ("began r3 plain-1 2", DOUBLED_TURNS, "plain-1 became 2 runs"),
        ("run r3 failed 1 mail ann", DOUBLED_TURNS, "has a run more than events"),
        ("began r1 plain-1 3", DOUBLED_TURNS, "began once more after its end was stored"),
        ("ended r1 plain-1 2", DOUBLED_TURNS, "was run 2 times in life 2"),
        ("said assistant PLAIN-1", DOUBLED_TURNS, "in its conversation (1, 2) times"),
        ("is replayed d2 r1 chat dead 0 1", LOST_REPLIES, "d2 is dead"),
        ("took chat d5 r1 echo", DOUBLED, "the echo of r1 came to chat under 2 ids"),
        ("took webhook d5 r2 reply", DOUBLED, "came to webhook under 2 ids"),
        ("took mail d1 r1 reply", UNMARKED, "came 3 times, 1 of them marked"),
        ("took mail d1 r1 echo", OTHER, "was echoed to where it came from"),
        ("took chat d2 r1 reply", "", ""),
        ("torn", OTHER, "without their work"),
        ("is trial d2 r1 chat failed 0 1", OTHER, "failed should not be"),
    ],
)
def test_what_is_too_much_is_seen(line: str, fault: str, text: str) -> None:
    found = faults_of([*SOUND, line])
    if fault:
        assert any(text in one for one in found[fault])
    else:
        assert found == {}


def test_what_was_done_twice_is_doubled_where_it_may_not_be_run_again() -> None:
    assert "r1 was done 2 times" in faults_of(SOUND, rerunnable=False)[DOUBLED_TURNS]


def test_a_reply_before_its_echo_is_seen() -> None:
    lines = ["took chat d2 r1 reply", *SOUND]
    assert faults_of(lines) == {OTHER: ["d2 replied before it echoed"]}


def test_every_death_is_died_whatever_the_seed() -> None:
    wanted = set(every_death())
    assert {death.step for death in wanted} == {death.step for death in short_form()} == set(STEPS)
    for seed in range(5):
        chosen = list(deaths(100, Random(seed)))  # noqa: S311 - which kill comes when
        assert len(chosen) == 100
        assert wanted < set(chosen)
    assert len(list(deaths(3, Random(1)))) == 3  # noqa: S311 - the same


def test_what_is_counted_is_all_that_a_verdict_has() -> None:
    assert set(COUNTED) == set(judge([], rerunnable=True).faults)
