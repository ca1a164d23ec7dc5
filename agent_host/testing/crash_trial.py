"""Kills a process at every step of the task runner, again and again over one store, and counts.

Each life is forked from the process that calls this, which must have no threads and no event loop.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final, Literal, NoReturn

from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskRunner
from agent_host.testing.crash_journal import CrashJournal
from agent_host.testing.crash_life import CrashLife
from agent_host.testing.crash_verdict import doubled_in, faults_of
from agent_host.testing.deadly_store import Doom
from agent_host.testing.task_step import STEPS

_SIDES: Final[tuple[Literal["before", "after", "within"], ...]] = ("before", "after", "within")
_LATEST_COUNT: Final = 2
_LAST_LIVES: Final = 10
_LIFE_SECONDS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashReport:
    """What was counted; `faults` is empty if all was as promised."""

    lives: int
    kills: int
    tasks: int
    doubled: int
    faults: Sequence[str]


class CrashTrial:
    """`make_store` is called in each life with the same folder."""

    def __init__(
        self,
        folder: Path,
        *,
        make_store: Callable[[Path], StateStore],
        make_runner: Callable[[StateStore], TaskRunner],
        random: Random,
    ) -> None:
        self._folder = folder
        self._make_store = make_store
        self._make_runner = make_runner
        self._random = random
        self._journal = CrashJournal(folder / "journal")
        self._lives = 0
        self._killed: set[int] = set()
        self._faults: list[str] = []

    def run(self, cycles: int) -> CrashReport:
        """Every step, before, after and within, so many times; then what is left is done."""
        for _ in range(cycles):
            for doom in self._dooms():
                if not self._live(doom):
                    self._faults.append(f"nothing was killed {doom.side} {doom.step}")
        self._live(Doom(step="poison", side="within"))
        for _ in range(_LAST_LIVES):
            if not self._live(None):
                break
        else:
            self._faults.append("the last process did not come to an end")
        events = self._journal.read()
        return CrashReport(
            lives=self._lives,
            kills=len(self._killed),
            tasks=len({event.name for event in events if event.what == "wanted"}),
            doubled=len(doubled_in(events, killed=self._killed)),
            faults=[*self._faults, *faults_of(events, killed=self._killed)],
        )

    def _dooms(self) -> Iterator[Doom]:
        for step in STEPS:
            for side in _SIDES:
                # Only these are sure to be made by several commits in one life.
                often = step in {"begin", "finish"}
                count = self._random.randint(1, _LATEST_COUNT) if often else 1
                yield Doom(step=step, side=side, count=count)

    def _live(self, doom: Doom | None) -> bool:
        """One life; whether it was killed."""
        self._lives += 1
        child = os.fork()
        if not child:
            self._be(doom)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        if killed:
            self._killed.add(self._lives)
        elif status:
            self._faults.append(f"life {self._lives} ended with status {status}")
        return killed

    def _be(self, doom: Doom | None) -> NoReturn:
        code = 1
        signal.alarm(_LIFE_SECONDS)  # one that hangs is a fault, with a status of its own
        try:
            life = CrashLife(self._lives, journal=self._journal, doom=doom)
            asyncio.run(life.live(self._make_store(self._folder / "state"), self._make_runner))
            code = 0
        finally:
            os._exit(code)


__all__ = ["CrashReport", "CrashTrial"]
