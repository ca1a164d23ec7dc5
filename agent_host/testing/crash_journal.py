"""What happened in a crash trial, told by processes that were killed: lines appended to a file."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Event(NamedTuple):
    """`what` happened in a life to the task `name` of a kind; `starts` and `running` as seen by
    its handler.
    """

    life: int
    what: str
    kind: str
    name: str
    starts: int = 0
    running: int = 0


class CrashJournal:
    """Each line is one write, so a kill leaves it whole or out."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    def write(self, event: Event) -> None:
        os.write(self._file, (" ".join(map(str, event)) + "\n").encode())

    def read(self) -> Sequence[Event]:
        """All of it, in order."""
        events: list[Event] = []
        for line in self._path.read_text().splitlines():
            life, what, kind, name, starts, running = line.split(" ")
            events.append(Event(int(life), what, kind, name, int(starts), int(running)))
        return events


__all__ = ["CrashJournal", "Event"]
