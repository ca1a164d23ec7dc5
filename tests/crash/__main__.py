"""Kills a served host at every step of the way from an event to its answers, and counts.

`python -m tests.crash` kills a few times at each; with `--cycles 500` it goes on at random. It
exits with 1 if anything was lost or doubled.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final

from tests.crash.death import Death, deaths, short_form
from tests.crash.trial import CrashTrial
from tests.crash.verdict import COUNTED, Verdict, added

_ONCE_OF: Final = 4
"""One in so many kills is of a host whose target must not be run again."""
_SAID_EVERY: Final = 25


class _Progress:
    """A line now and then."""

    def __init__(self, cycles: int) -> None:
        self._cycles = cycles
        self._done = 0
        self._since = time.monotonic()

    def __call__(self, death: Death) -> None:
        self._done += 1
        if self._done % _SAID_EVERY == 0 or self._done == self._cycles:
            seconds = time.monotonic() - self._since
            print(f"{self._done} of {self._cycles} in {seconds:.0f} s, {death}", flush=True)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument(
        "--cycles", type=int, help="how many kills; a few without it, at every step"
    )
    parser.add_argument("--seed", type=int, default=0, help="of what is random about them")
    parser.add_argument("--folder", type=Path, help="where state and journals are, and stay")
    arguments = parser.parse_args()
    random = Random(arguments.seed)  # noqa: S311 - which kill comes when
    cycles = arguments.cycles
    chosen = list(short_form() if cycles is None else deaths(cycles, random))
    print(f"seed {arguments.seed}, {len(chosen)} kills", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        verdict = asyncio.run(_try(chosen, random, arguments.folder or Path(folder)))
    _print(verdict)
    return 0 if verdict.is_good else 1


async def _try(chosen: Sequence[Death], random: Random, folder: Path) -> Verdict:
    progress = _Progress(len(chosen))
    verdicts: list[Verdict] = []
    parts = {
        "rerun": [death for number, death in enumerate(chosen) if number % _ONCE_OF],
        "once": [death for number, death in enumerate(chosen) if not number % _ONCE_OF],
    }
    for name, part in parts.items():
        place = folder / name
        place.mkdir(parents=True)
        trial = CrashTrial(place, rerunnable=name == "rerun", random=random, tell=progress)
        verdicts.append(await trial.run(part))
    return added(*verdicts)


def _print(verdict: Verdict) -> None:
    width = max(len(name) for name in (*COUNTED, *verdict.facts))
    for name, number in verdict.facts.items():
        print(f"{name:{width}} {number:6}")
    for name in COUNTED:
        print(f"{name:{width}} {len(verdict.faults[name]):6}")
    for name in COUNTED:
        for fault in verdict.faults[name]:
            print(f"{name}: {fault}")


if __name__ == "__main__":
    sys.exit(main())
