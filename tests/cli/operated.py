"""A server in a process of its own over a folder, and the commands of whoever operates it."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

SECRET = "plum-tomato-42"
APP = """
import asyncio

async def agent(text: str):
    yield text
    if text.startswith("wait"):
        await asyncio.Event().wait()
    if text.startswith("fail"):
        raise RuntimeError(text)
"""


class Operated:
    """One folder with a target in it. Servers come and go, the state stays."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / ".agent-host"
        self.door = self.state / "operator.json"
        self.log = folder / "log"
        (folder / "app.py").write_text(APP, "utf-8")
        (folder / "agent-host.toml").write_text('[run]\ncancel_grace = "0s"\n', "utf-8")

    @contextmanager
    def served(self, *arguments: str, **environ: str) -> Generator["Server"]:
        """A running server, ended with the context."""
        with (
            self.log.open("ab") as log,
            subprocess.Popen(
                [sys.executable, "-m", "agent_host.cli", "run", "app.py:agent", *arguments],
                cwd=self.folder,
                env=_clean(environ | {"AGENT_HOST_SERVER__PORT": "0"}),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            ) as process,
        ):
            try:
                yield Server(process)
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)

    def command(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """`agent-host` as a person types it in the folder."""
        return subprocess.run(
            [sys.executable, "-m", "agent_host.cli", *arguments],
            cwd=self.folder,
            env=_clean(environ | {"TZ": "UTC"}),
            capture_output=True,
            text=True,
            check=False,
        )

    def said(self, *arguments: str, **environ: str) -> str:
        """What a command that succeeds says."""
        done = self.command(*arguments, **environ)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *arguments: str, **environ: str) -> Any:
        """The same as JSON."""
        return json.loads(self.said(*arguments, "--json", **environ))


class Server:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.url = self._url()

    def _url(self) -> str:
        said: list[str] = []
        for line in self.process.stdout or ():
            said.append(line)
            found = re.search(r"is hosted on (http://\S+)", line)
            if found:
                return found[1]
        raise AssertionError(f"it ended without listening:\n{''.join(said)}")

    def start(self, text: str) -> str:
        """A background run; its id."""
        body = {"input": text, "background": True, "metadata": {"note": SECRET}}
        token: str = httpx.post(f"{self.url}/invocations", json=body).json()["token"]
        return token

    def until(self, token: str, status: str) -> None:
        """Return once the run has this status."""
        while httpx.get(f"{self.url}/invocations/{token}").json()["status"] != status:
            pass

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it."""
        self.process.send_signal(number)
        return self.process.wait()


def _clean(environ: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if "AGENT_HOST" not in name}
    return kept | environ
