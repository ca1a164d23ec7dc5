"""A server process as a benchmark sees it: its port, what it spent, what it holds."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A process that serves on `port`."""

    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """What it has used, user and system."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def resident_bytes(self) -> int:
        """What it holds in memory."""
        return int(self.process.memory_info().rss)


@contextmanager
def serving(
    application: str, *arguments: str, server: Literal["ours", "stock"] = "ours"
) -> Generator[Server]:
    """Serve one of `benchmarks.application` in a process of its own while this is open."""
    command = [sys.executable, "-m", "benchmarks.serve", server, application, *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        try:
            yield Server(port=int(child.stdout.readline()), process=psutil.Process(child.pid))
        finally:
            child.kill()  # what it still holds is of no interest any more


__all__ = ["ROOT", "Server", "serving"]
