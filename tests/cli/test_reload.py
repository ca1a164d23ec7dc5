"""The reloading parent, run for real around a small child."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

from agent_host.cli.reload import child_command

PARENT = """
import sys
from datetime import timedelta
from pathlib import Path
from agent_host.cli.reload import Reloader
from agent_host.cli.watch import FileWatch
script = Path(sys.argv[1])
watch = FileWatch(folders=[script.parent])
sys.exit(Reloader([sys.executable, str(script)], watch, grace=timedelta(seconds=0.5)).run())
"""

SERVING = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: (print("stopping {name}", flush=True), sys.exit(0)))
print("serving {name}", flush=True)
signal.pause()
"""

STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("serving stubborn", flush=True)
while True:
    signal.pause()
"""


class Parent:
    """A running parent; its output line by line."""

    def __init__(self, process: subprocess.Popen[str], script: Path) -> None:
        self.process = process
        self._script = script

    def write(self, text: str) -> None:
        new = self._script.with_suffix(".new")
        new.write_text(dedent(text), "utf-8")
        new.replace(self._script)

    def wait_for(self, text: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if text in line:
                return line
        raise AssertionError(f"ended without {text!r}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait()


@contextmanager
def parent_of(tmp_path: Path, text: str) -> Generator[Parent]:
    script = tmp_path / "child.py"
    script.write_text(dedent(text), "utf-8")
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield Parent(process, script)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def test_a_change_stops_the_child_gently_and_starts_another(tmp_path: Path) -> None:
    with parent_of(tmp_path, SERVING.format(name="one")) as parent:
        parent.wait_for("serving one")
        parent.write(SERVING.format(name="two"))
        assert "child.py changed" in parent.wait_for("[reload]")
        parent.wait_for("stopping one")
        parent.wait_for("serving two")
        assert parent.stop() == 0
        parent.wait_for("stopping two")


def test_broken_code_is_shown_and_the_next_change_mends_it(tmp_path: Path) -> None:
    with parent_of(tmp_path, "this is no python\n") as parent:
        parent.wait_for("SyntaxError")
        parent.wait_for("stopped with code 1; waiting for a change")
        parent.write(SERVING.format(name="mended"))
        parent.wait_for("serving mended")
        assert parent.stop(signal.SIGINT) == 0


def test_a_child_that_does_not_stop_is_killed_after_the_grace(tmp_path: Path) -> None:
    with parent_of(tmp_path, STUBBORN) as parent:
        parent.wait_for("serving stubborn")
        parent.write(SERVING.format(name="two"))
        parent.wait_for("did not stop in time")
        parent.wait_for("serving two")
        parent.stop()


def test_a_child_that_ends_well_ends_the_parent(tmp_path: Path) -> None:
    with parent_of(tmp_path, "print('done')\n") as parent:
        assert parent.process.wait() == 0


def test_the_child_gets_the_same_line_without_reload() -> None:
    command = child_command(["run", "app.py:agent", "--reload", "--port", "9"])
    assert command[1:] == ["-m", "agent_host.cli", "run", "app.py:agent", "--port", "9"]
