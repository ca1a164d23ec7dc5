"""The command: `python -m benchmarks [NAME | --all] [--write FILE]`.

The last line for a NAME is one JSON object. With `--write` a table is written too.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.outcome import Outcome
from benchmarks.report import table

NAMES = (
    "rest_echo",
    "rest_echo_disk_auth",
    "rest_stream",
    "a2a_send",
    "a2a_stream",
    "responses_create",
    "responses_stream",
    "memory_sessions",
    "startup",
    "disk_schedule",
    "disk_end_to_end",
    "disk_resume",
    "accept",
    "telemetry",
    "push_end_to_end",
    "push_resume",
    "fan_out_bystander",
    "identity_resolve",
)


def main() -> int:
    """Run what is asked for; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", choices=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--all", action="store_true", help="run all of them")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write a table to this file")
    arguments = parser.parse_args()
    names = NAMES if arguments.all else (arguments.name,) if arguments.name else ()
    if not names:
        for name in NAMES:
            print(f"{name:16} {_summary(name)}")
        return 0
    outcomes: list[Outcome] = []
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        outcome = import_module(f"benchmarks.{name}").run()
        outcomes.append(outcome)
        print(outcome.to_json(), flush=True)
    if arguments.write:
        arguments.write.write_text(table(outcomes))
    missed = [f"{found.name}: {goal.name}" for found in outcomes for goal in found.missed]
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if missed else 0


def _summary(name: str) -> str:
    return (import_module(f"benchmarks.{name}").__doc__ or "").partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
