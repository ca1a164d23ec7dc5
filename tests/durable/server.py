"""A served host in a process of its own, over a folder that outlives it."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.docs.served import clean_environment
from tests.durable.target import GATE, NOTES

ROOT = Path(__file__).parents[2]


class EndedError(AssertionError):
    """The server ended before it listened."""


class KilledServer:
    """`agent-host run` with the state in `folder`, or a program that is given both. Leaving the
    context kills it.
    """

    def __init__(
        self,
        folder: Path,
        target: str,
        *,
        environ: Mapping[str, str] | None = None,
        program: str | None = None,
    ) -> None:
        self.gate = folder / "gate"
        self.notes = folder / "notes"
        line = [sys.executable, "-m", "agent_host.cli", "run", "--port", "0"]
        line += ["--store", f"disk://{folder / 'state'}", target]
        if program is not None:
            line = [sys.executable, "-m", program, str(folder / "state"), target]
        self._process = subprocess.Popen(
            line,
            cwd=ROOT,
            env=clean_environment()
            | {NOTES: str(self.notes), GATE: str(self.gate)}
            | dict(environ or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> Self:
        said: list[str] = []
        for line in self._process.stdout or ():
            said.append(line)
            if "is hosted on http://" in line:
                url = next(word for word in line.split() if word.startswith("http://"))
                self.client = httpx.Client(base_url=url, timeout=20)
                return self
        self._process.communicate()
        raise EndedError(f"it ended without listening:\n{''.join(said)}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()

    @property
    def attempts(self) -> list[str]:
        """What the targets noted, over all processes."""
        return self.notes.read_text("utf-8").splitlines() if self.notes.exists() else []

    def start(self, text: str, **fields: object) -> str:
        """A background run; its token."""
        body = {"input": text, "background": True, **fields}
        answer = self.client.post("/invocations", json=body)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        token: str = answer.json()["token"]
        return token

    def until_said(self, token: str, text: str) -> None:
        """Return once the run's stream has this text in an event."""
        with self.client.stream("GET", f"/invocations/{token}/events") as stream:
            for line in stream.iter_lines():
                if line.startswith("data:") and text in line:
                    return
        raise AssertionError(f"the stream ended before {text!r} came")

    def events(self, token: str, *, after: int = -1) -> list[str]:
        """Ids and kinds of the run's events, followed to their end."""
        path = f"/invocations/{token}/events"
        with self.client.stream("GET", path, params={"after": after}) as stream:
            lines = [line for line in stream.iter_lines() if line.startswith(("id:", "event:"))]
        ids, kinds = lines[::2], lines[1::2]
        return [f"{i[4:]} {k[7:]}" for i, k in zip(ids, kinds, strict=True)]

    def run(self, token: str) -> dict[str, object]:
        """The run as it stands."""
        answer = self.client.get(f"/invocations/{token}")
        assert answer.status_code == httpx.codes.OK, answer.text
        found: dict[str, object] = answer.json()
        return found
