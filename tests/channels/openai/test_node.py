"""OpenAI's client for Node against a host: scenarios in `node/scenarios.mjs`, one test each.

Skipped where there is no Node 20 or newer, or where the client cannot be had from the registry.
What is installed once is kept in the user's cache folder, under a hash of what it is made from.
"""

import asyncio
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from filelock import FileLock

from agent_host.types import RunResult, Turn
from tests.channels.openai.agent import assist, recall, speak
from tests.channels.openai.hosting import hosted

NODE = Path(__file__).with_name("node")
SCRIPT = NODE / "scenarios.mjs"
NAMES = re.findall(r'^scenario\("([^"]+)"', SCRIPT.read_text("utf-8"), re.MULTILINE)
OLDEST = 20
INSTALL_SECONDS = 40
PLAY_SECONDS = 40


async def measure(_: Turn) -> RunResult:
    """An answer with a value."""
    return RunResult(value={"depth": 7})


TARGETS = {"assist": assist, "measure": measure, "recall": recall, "speak": speak}


def node() -> str:
    """The command, or the test is skipped."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        pytest.skip("there is no node or no npm")
    version = subprocess.run(
        [found, "--version"], capture_output=True, text=True, check=True
    ).stdout
    if int(version.lstrip("v").partition(".")[0]) < OLDEST:
        pytest.skip(f"node is {version.strip()}, older than {OLDEST}")
    return found


def modules() -> Path:
    """The folder of the client and what it needs, installed if it is not."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "agent-host-tests"
    lock = (NODE / "package-lock.json").read_bytes()
    folder = cache / f"node-{hashlib.sha256(lock).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        done = folder / ".installed"
        if not done.exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(NODE / name, folder)
            _install(folder)
            done.touch()
    return folder / "node_modules"


def _install(folder: Path) -> None:
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    try:
        subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm ci took too long: the registry cannot be reached")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"npm ci failed: {error.stderr.strip()[-300:]}")


async def play(command: str, script: str) -> Mapping[str, str | None]:
    """What became of each scenario: None, or how it failed."""
    async with AsyncExitStack() as stack:
        urls = {
            name: (await stack.enter_async_context(hosted(target))).url
            for name, target in TARGETS.items()
        }
        process = await asyncio.create_subprocess_exec(
            command,
            script,
            env={**os.environ, "HOSTS": json.dumps(urls)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(PLAY_SECONDS):
                said, complaint = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
    assert process.returncode == 0, complaint.decode()
    return {line["name"]: line["failure"] for line in map(json.loads, said.splitlines())}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str | None]:
    """All scenarios, played once."""
    command, installed = node(), modules()
    folder = tmp_path_factory.mktemp("node")
    (folder / "node_modules").symlink_to(installed)
    return asyncio.run(play(command, str(shutil.copy(SCRIPT, folder))))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", NAMES)
def test_the_client_for_node(outcomes: Mapping[str, str | None], name: str) -> None:
    assert outcomes[name] is None, outcomes[name]


def test_there_are_enough_scenarios() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 15
