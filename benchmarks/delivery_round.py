"""Rounds of deliveries, and of bare tasks beside them, each in a fresh process and folder."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TypeAlias

from benchmarks.server import ROOT

ROUNDS = 3

Found: TypeAlias = Mapping[str, float]


def deliveries(what: str, count: int, *, filled: bool = False) -> Found:
    """One round of deliveries; `filled` has the folder hold so many before."""
    return _round("benchmarks.delivery_load", [], what, count, filled=filled)


def bare_tasks(what: str, count: int, *, filled: bool = False) -> Found:
    """The same of tasks that do nothing, by the same runner."""
    return _round("benchmarks.task_load", ["ours"], what, count, filled=filled)


def middle(rounds: Sequence[Found], name: str) -> float:
    """The median of one number."""
    return median(found[name] for found in rounds)


def _round(module: str, side: list[str], what: str, count: int, *, filled: bool) -> Found:
    with tempfile.TemporaryDirectory() as folder:
        place = str(Path(folder, "state"))
        command = [sys.executable, "-m", module, *side]
        if filled:
            _said([*command, "fill", place, str(count)])
        found: dict[str, float] = json.loads(_said([*command, what, place, str(count)]))
        return found


def _said(command: Sequence[str]) -> str:
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


__all__ = ["ROUNDS", "Found", "bare_tasks", "deliveries", "middle"]
