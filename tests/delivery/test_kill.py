"""A host is killed by SIGKILL around every step of its deliveries, and what came of it is counted.

All lives share one folder, so each also recovers from the deaths before it.
"""

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
DEATHS: Final = [
    *((step, side) for step in ("planned", "handed_on") for side in ("before", "after")),
    *((step, side) for step in ("attempting", "echoed") for side in ("before", "after")),
    ("sending", "before"),
    ("sent", "after"),
    *((step, side) for step in ("accepted", "failed", "dead") for side in ("before", "after")),
    ("unknown", "before"),
    ("unknown", "after"),
    *(("replayed", side) for side in ("before", "after")),
]


OF_MESSAGES: Final = [
    *((step, side) for step in ("begun", "attempting") for side in ("before", "after")),
    ("sending", "before"),
    ("sent", "after"),
    *((step, side) for step in ("accepted", "failed", "dead") for side in ("before", "after")),
    ("unknown", "before"),
    ("unknown", "after"),
]


def live(what: str, folder: Path, step: str, side: str, number: int) -> int:
    command = [sys.executable, "-m", "tests.delivery.victim", what]
    done = subprocess.run(
        [*command, str(folder), step, side, str(number)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nothing_is_lost_and_nothing_doubled_but_what_says_so(tmp_path: Path) -> None:
    for number, (step, side) in enumerate(DEATHS):
        assert live("answers", tmp_path, step, side, number) == -signal.SIGKILL, (step, side)
    assert live("answers", tmp_path, "none", "after", len(DEATHS)) == 0
    lines = [line.split() for line in (tmp_path / "log").read_text("utf-8").splitlines()]
    accepted = {line[1] for line in lines if line[0] == "accepted"}
    took = Counter(tuple(line[1:]) for line in lines if line[0] == "took")
    order = [tuple(line[2:]) for line in lines if line[0] == "took"]
    deliveries = {line[1]: line[2:] for line in lines if line[0] == "is"}
    per_run = Counter((run, channel) for run, channel, _, _ in deliveries.values())
    for run in accepted:
        assert per_run[run, "chat"] == per_run[run, "mail"] == 1
    assert set(per_run.values()) == {1}
    seen = Counter(status for _, _, status, _ in deliveries.values())
    assert seen["accepted"] > len(accepted)
    assert set(seen) == {"accepted", "dead", "unknown"}
    for delivery, (_, channel, status, replays) in deliveries.items():
        replies = took[channel, delivery, "reply"]
        echoes = took[channel, delivery, "echo"]
        if channel == "chat":
            # It honours the id: however often it got one, a person sees one.
            assert status == "accepted"
            assert replies
            assert echoes
        else:
            assert replies <= 1 + int(replays), delivery
            assert echoes <= 1 + int(replays), delivery
            if status == "accepted":
                assert replies
            if status == "dead":
                assert not replies
        if replies and echoes:
            assert order.index((delivery, "echo")) < order.index((delivery, "reply"))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_message_that_was_accepted_is_lost_or_doubled_unsaid(tmp_path: Path) -> None:
    for number, (step, side) in enumerate(OF_MESSAGES):
        assert live("messages", tmp_path, step, side, number) == -signal.SIGKILL, (step, side)
    assert live("messages", tmp_path, "none", "after", len(OF_MESSAGES)) == 0
    lines = [line.split() for line in (tmp_path / "log").read_text("utf-8").splitlines()]
    deliveries = {line[1]: line[3:] for line in lines if line[0] == "is"}
    assert {line[1] for line in lines if line[0] == "accepted"} <= set(deliveries)
    took = Counter(line[2] for line in lines if line[0] == "took")
    assert {status for _, status, _ in deliveries.values()} == {"accepted", "dead", "unknown"}
    for delivery, (channel, status, _) in deliveries.items():
        if channel == "chat":  # it honours the id
            assert status == "accepted"
            assert took[delivery]
        else:
            assert took[delivery] <= 1
            assert took[delivery] or status != "accepted"
            assert status != "dead" or not took[delivery]
