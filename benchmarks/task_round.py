"""Rounds of durable tasks, ours and the journal's in turn, each in a fresh process and folder."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.server import ROOT

ROUNDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRounds:
    """What both sides measured, round by round; every number is the median."""

    ours: Sequence[Mapping[str, float]]
    theirs: Sequence[Mapping[str, float]]

    def of_ours(self, name: str) -> float:
        """Ours."""
        return median(found[name] for found in self.ours)

    def of_theirs(self, name: str) -> float:
        """The journal's."""
        return median(found[name] for found in self.theirs)

    def ratio(self, name: str) -> float:
        """Ours by the journal's, of neighbouring rounds."""
        pairs = zip(self.ours, self.theirs, strict=True)
        return median(ours[name] / theirs[name] for ours, theirs in pairs)

    def to_json(self) -> dict[str, object]:
        """All of it."""
        return {
            side: {name: [round(found[name], 2) for found in rounds] for name in rounds[0]}
            for side, rounds in (("ours_rounds", self.ours), ("journal_rounds", self.theirs))
        }


def play(
    what: str,
    *,
    count: int,
    rounds: int = ROUNDS,
    filled: bool = False,
    module: str = "task_load",
) -> TaskRounds:
    """Ours and the journal in turn; `filled` has the folder hold so many tasks before. `module` is
    the one of this package that plays a side's turn.
    """
    found: dict[str, list[Mapping[str, float]]] = {"ours": [], "journal": []}
    for _ in range(rounds):
        for side, results in found.items():
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder, "state")
                if filled:
                    _turn(module, side, "fill", place, count)
                results.append(_turn(module, side, what, place, count))
    return TaskRounds(ours=found["ours"], theirs=found["journal"])


def _turn(module: str, side: str, what: str, folder: Path, count: int) -> Mapping[str, float]:
    command = [sys.executable, "-m", f"benchmarks.{module}", side, what, str(folder), str(count)]
    ended = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    measured: dict[str, float] = json.loads(ended.stdout)
    return measured


__all__ = ["TaskRounds", "play"]
