"""Starting: CPU of the import, time of `--help`, time to a hosted function's first answer."""

import http.client
import os
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median

from benchmarks.application import PATH
from benchmarks.outcome import Goal, Outcome
from benchmarks.server import ROOT

_ROUNDS = 5
_OURS = "from agent_host import AgentHost; from agent_host_rest import RestChannel"
_BARE = "import uvloop, hypercorn.asyncio, starlette.applications, starlette.responses"
_TARGET = "async def answer(text: str) -> str:\n    return text\n"
_SECONDS = 30


def run() -> Outcome:
    """Medians of several fresh interpreters each, ours and bare in turn."""
    imports = [(_import_cpu_ms(_OURS), _import_cpu_ms(_BARE)) for _ in range(_ROUNDS)]
    ours, bare = (median(pair[side] for pair in imports) for side in (0, 1))
    command = str(Path(sysconfig.get_path("scripts"), "agent-host"))
    help_seconds = median(_help_seconds(command) for _ in range(_ROUNDS))
    answer_seconds = median(_first_answer_seconds(command) for _ in range(_ROUNDS))
    return Outcome(
        name="startup",
        ours=ours,
        bare=bare,
        ratio=ours / bare,
        unit="ms of CPU to import",
        goals=[
            Goal(name="import_ms", value=ours, limit=350, side="at_most"),
            Goal(name="help_s", value=help_seconds, limit=0.4, side="at_most"),
            Goal(name="first_answer_s", value=answer_seconds, limit=1.5, side="at_most"),
        ],
        details={"rounds": _ROUNDS, "ours_imports": _OURS, "bare_imports": _BARE},
    )


def _import_cpu_ms(statement: str) -> float:
    script = (
        "import time; before = time.process_time()\n"
        f"{statement}\n"
        "print(1000 * (time.process_time() - before))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return float(found.stdout)


def _help_seconds(command: str) -> float:
    began = time.perf_counter()
    subprocess.run([command, "--help"], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def _first_answer_seconds(command: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "app.py").write_text(_TARGET)
        port = _free_port()
        began = time.perf_counter()
        arguments = [command, "run", "app.py:answer", "--port", str(port), "--log-level", "error"]
        with _running(arguments, folder) as process:
            try:
                _ask_until_answered(port)
                return time.perf_counter() - began
            finally:
                process.kill()


def _running(arguments: Sequence[str], folder: str) -> "subprocess.Popen[bytes]":
    clean = {name: value for name, value in os.environ.items() if "AGENT_HOST" not in name}
    return subprocess.Popen(arguments, cwd=folder, env=clean, stdout=subprocess.DEVNULL)


def _ask_until_answered(port: int) -> None:
    """Return when the answer is there.

    Raises:
        TimeoutError: it never was.
    """
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
        with suppress(ConnectionError):
            connection.request(
                "POST", PATH, b'{"input":"hello"}', {"content-type": "application/json"}
            )
            response = connection.getresponse()
            assert response.status == 200
            assert b'"hello"' in response.read()
            return
        time.sleep(0.005)
    raise TimeoutError


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


__all__ = ["run"]
