"""The official JavaScript client (`@a2a-js/sdk`), unmodified, over both bindings of 1.0.

Needs node, and npm with its registry at the first run: the package is installed as its lock says
into a folder that is kept. Without them the tests are skipped and say so.
"""

import asyncio
import json
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from agent_host.authentication.anonymous import AnonymousAuthenticator
from tests.channels.a2a.agent import converse
from tests.channels.a2a.hosting import hosted
from tests.channels.a2a.test_card_signature import config, key_files

HERE = Path(__file__).parent / "js"
KEPT = Path(__file__).parents[3] / ".cache"
LIMIT_SECONDS = 45


@pytest.fixture(scope="module")
def scenarios() -> Path:
    """The script, with its package installed beside it."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed")
    lock = (HERE / "package-lock.json").read_bytes()
    folder = KEPT / f"a2a-js-{sha256(lock).hexdigest()[:16]}"
    if not (folder / "node_modules" / ".package-lock.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder / name)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps"]
        try:
            subprocess.run(
                command, cwd=folder, check=True, capture_output=True, timeout=LIMIT_SECONDS
            )
        except (subprocess.SubprocessError, OSError) as error:
            pytest.skip(f"npm could not install the client: {type(error).__name__}")
    shutil.copy(HERE / "scenarios.mjs", folder / "scenarios.mjs")
    return folder / "scenarios.mjs"


async def ran(script: Path, *arguments: str) -> dict[str, Any]:
    """What each scenario saw."""
    process = await asyncio.create_subprocess_exec(
        "node", str(script), *arguments, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(LIMIT_SECONDS):
        out, _ = await process.communicate()
    seen: dict[str, Any] = json.loads(out.splitlines()[-1])
    return seen


@pytest.mark.parametrize("binding", ["JSONRPC", "HTTP+JSON"])
async def test_it_finds_calls_and_follows_an_agent(
    scenarios: Path, tmp_path: Path, binding: str
) -> None:
    private, public = key_files(tmp_path)
    async with hosted(
        converse, config=config(private), authenticator=AnonymousAuthenticator()
    ) as client:
        url = str(client.base_url)
        seen = await ran(scenarios, url, binding, str(public))
    assert seen == {
        "card": ["converse", 4],
        "words": ["TASK_STATE_COMPLETED", "hello"],
        "stream": ["TASK_STATE_COMPLETED", "".join(f"{number} " for number in range(20))],
        "message": "just words",
        "question": ["TASK_STATE_INPUT_REQUIRED", "TASK_STATE_COMPLETED", "you said True"],
        "cancel": "TASK_STATE_CANCELED",
        "get": [True, "hello", 1],
        "files": [["raw", "image/png"], ["url", "text/html"]],
        "missing": "TaskNotFoundError",
        "signature": "held",
    }
