"""The import contracts refuse what they are there to refuse: tried on a copy of the sources."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("module", "text", "contract"),
    [
        ("agent_host/newcomer.py", "", "A layer imports only lower layers"),
        (
            "agent_host/types/newcomer.py",
            "from agent_host import stores\n",
            "A layer imports only lower layers",
        ),
        (
            "agent_host/runner/newcomer.py",
            "from agent_host import stores\n",
            "A layer imports only lower layers",
        ),
        ("agent_host/host/newcomer.py", "import agent_host_rest\n", "The host knows no channel"),
        ("agent_host/host/newcomer.py", "import starlette\n", "Only the edge knows the web"),
        ("agent_host/stores/newcomer.py", "import pickle\n", "Nothing is pickled"),
        (
            "channels/agent_host_rest/newcomer.py",
            "from agent_host import stores\n",
            "Of the host, a channel knows values",
        ),
        (
            "channels/agent_host_rest/inbound.py",
            "import asyncio\n",
            "Parsing and rendering are plain functions",
        ),
    ],
)
def test_a_wrong_import_breaks_its_contract(
    tmp_path: Path, module: str, text: str, contract: str
) -> None:
    for folder in ("agent_host", "channels"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / module).write_text(f'"""A newcomer."""\n\n{text}', "utf-8")

    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}:{tmp_path / 'channels'}", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 1, linted.stdout + linted.stderr
    broken = [line for line in linted.stdout.splitlines() if "BROKEN" in line]
    assert any(contract in line for line in broken), linted.stdout
