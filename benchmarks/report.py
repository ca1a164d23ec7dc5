"""Writes the page of results: a table, the machine they are from, and the date."""

import os
import platform
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.core import are_separate
from benchmarks.outcome import Goal, Outcome

_LIBRARIES = ("hypercorn", "starlette", "uvloop", "pydantic")


def table(outcomes: Sequence[Outcome]) -> str:
    """The page, as Markdown."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Ours, as `agent-host run` serves it, and a bare Starlette",
        "application on Hypercorn, as its command line serves it, take turns on the same core, one",
        "worker each; the load comes from another core. `served_alike` is the same with the bare",
        "application on our server.",
        "Every ratio is the median over pairs of neighbouring rounds. For `disk_...`",
        "the other side is a plain journal in a diskcache, which syncs nothing to disk.",
        "",
        *_machine(),
        "",
        "| benchmark | ours | bare | unit | ratio |",
        "|---|---:|---:|---|---:|",
        *(
            f"| `{found.name}` | {_number(found.ours)} | {_number(found.bare)} | {found.unit} "
            f"| {found.ratio:.2f} |"
            for found in outcomes
        ),
        "",
        "## Goals",
        "",
        "| benchmark | goal | measured | limit | met |",
        "|---|---|---:|---:|---|",
        *(_goal(found.name, goal) for found in outcomes for goal in found.goals),
        "",
        "## Details",
        "",
        *(line for found in outcomes for line in _details(found)),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _machine() -> list[str]:
    memory = psutil.virtual_memory().total / 1024**3
    cores = f"{os.cpu_count()} cores{'' if are_separate() else ' (server and load share one)'}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return [
        f"- {datetime.now(UTC):%Y-%m-%d}, {_processor()}, {cores}, {memory:.0f} GiB",
        f"- {platform.system()} {platform.release()}, {python}, {libraries}",
        f"- a fixed loop of Python took {_loop_ms():.0f} ms; what is no ratio goes with that",
    ]


def _loop_ms() -> float:
    """How fast the machine is just now: the best of some rounds of the same work."""
    taken: list[float] = []
    for _ in range(5):
        began = time.perf_counter()
        kept: dict[int, tuple[int, str]] = {}
        for number in range(300_000):
            kept[number & 1023] = (number, str(number))
        taken.append(1000 * (time.perf_counter() - began))
    return min(taken)


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _goal(name: str, goal: Goal) -> str:
    limit = f"{'≥' if goal.side == 'at_least' else '≤'} {goal.limit:g}"
    met = "yes" if goal.is_met else "**no**"
    return f"| `{name}` | {goal.name} | {_number(goal.value)} | {limit} | {met} |"


def _details(found: Outcome) -> list[str]:
    return [f"### {found.name}", "", "```json", found.to_json(), "```", ""]


def _number(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.2f}"


__all__ = ["table"]
