"""`agent-host run --reload`: a parent that restarts the serving child when code changes.

The parent imports none of the user's code, so nothing in it can end the parent: a child that fails
to start says why, and the next change starts another.
"""

import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Final

from agent_host.cli.watch import FileWatch

_LOOK_EVERY: Final = timedelta(milliseconds=300)


class Reloader:
    """Keeps one child running. `grace` is what it is granted to stop before it is killed."""

    def __init__(self, command: Sequence[str], watch: FileWatch, *, grace: timedelta) -> None:
        self._command = tuple(command)
        self._watch = watch
        self._grace = grace
        self._stop = Event()

    def run(self) -> int:
        """Until SIGINT or SIGTERM, or until the child ends by itself and well. Its exit code."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        child = self._start()
        waiting = False
        while not self._stop.wait(_LOOK_EVERY.total_seconds()):
            code = child.poll()
            if code == 0:
                return 0
            changed = self._watch.changes()
            if changed:
                _say(f"{_shown(changed)} changed, restarting")
                self._end(child)
                child = self._start()
                waiting = False
            elif code is not None and not waiting:
                _say(f"stopped with code {code}; waiting for a change")
                waiting = True
        return self._end(child)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command)  # noqa: S603 - our own command line again

    def _end(self, child: subprocess.Popen[bytes]) -> int:
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(self._grace.total_seconds())
            except subprocess.TimeoutExpired:
                _say("did not stop in time, killing it")
                child.kill()
        return child.wait()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stop.set()


def child_command(arguments: Sequence[str]) -> list[str]:
    """The same command line without `--reload`."""
    return [sys.executable, "-m", "agent_host.cli", *(a for a in arguments if a != "--reload")]


def _say(text: str) -> None:
    print(f"[reload] {text}", file=sys.stderr, flush=True)


def _shown(paths: Sequence[Path]) -> str:
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"{paths[0].name}{more}"


__all__ = ["Reloader", "child_command"]
