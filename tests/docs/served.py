"""Commands of the documents as processes: served until the context is left."""

import os
import re
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.docs.page import ROOT

_OURS = ("AGENT_HOST_", "OPENAI_")


@contextmanager
def served(*arguments: str, environ: Mapping[str, str] | None = None) -> Generator[str]:
    """The URL of `agent-host run` with these arguments, in the root of the repository."""
    line = [sys.executable, "-m", "agent_host.cli", "run", "--port", "0", *arguments]
    process = subprocess.Popen(
        line,
        cwd=ROOT,
        env=clean_environment() | dict(environ or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            yield _url(process)
        finally:
            process.terminate()
            process.communicate()


def clean_environment() -> dict[str, str]:
    """This process's, without what would change a host; with our Python as `python3`.

    Several hosts are served at once from one folder, so none keeps its state there.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return kept | {"PATH": path, "AGENT_HOST_STORE": "memory://"}


def _url(process: subprocess.Popen[str]) -> str:
    said: list[str] = []
    for line in process.stdout or ():
        said.append(line)
        found = re.search(r"is hosted on (http://\S+)", line)
        if found:
            return found[1]
    raise AssertionError(f"it ended without listening:\n{''.join(said)}")
