"""What outsiders notice of a trial: lines of words in one file, appended by every process of it.

Each line is one write in append mode, so that a kill leaves it whole or out, and the lines of all
processes stand in the order in which things happened.
"""

import os
from collections.abc import Sequence
from pathlib import Path


class Journal:
    """Who writes says what first: `acknowledged`, `began`, `took`, ..."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    def note(self, *words: str | int) -> None:
        """Append a line. No word has a space."""
        os.write(self._file, (" ".join(map(str, words)) + "\n").encode())

    def read(self) -> Sequence[Sequence[str]]:
        """All lines, in order."""
        return [line.split(" ") for line in self._path.read_text("utf-8").splitlines()]


__all__ = ["Journal"]
