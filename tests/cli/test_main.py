"""The command line from outside: help, version, exit codes."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from agent_host.cli.main import main

SLOW_IMPORTS = {"asyncio", "hypercorn", "pydantic", "pydantic_core", "starlette"}

LOADED = """
import atexit, sys
from agent_host.cli.main import main
atexit.register(lambda: print("LOADED", *sorted(sys.modules)))
main(["--help"])
"""


def agent_host(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if "AGENT_HOST" not in name}
    return subprocess.run(
        [sys.executable, "-m", "agent_host.cli", *arguments],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_commands_and_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    text = capsys.readouterr().out
    assert left.value.code == 0
    assert "agent-host run app.py:agent --reload" in text
    assert {"run", "channels", "config", "doctor", "keys"} <= set(text.split())


@pytest.mark.parametrize("command", ["run", "channels", "config", "doctor"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert "--config FILE" in capsys.readouterr().out


def test_help_waits_for_no_heavy_import() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    loaded = set(shown.stdout.partition("LOADED")[2].split())
    assert "argparse" in loaded
    assert loaded & SLOW_IMPORTS == set()


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "usage: agent-host" in capsys.readouterr().out


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"agent-host {version('agent-host-server')}\n"


def test_a_wrong_setting_is_one_line_and_code_2(tmp_path: Path) -> None:
    (tmp_path / "agent-host.toml").write_text("[server]\nprot = 1\n", "utf-8")
    failed = agent_host("config", "check", cwd=tmp_path)
    assert failed.returncode == 2
    assert failed.stdout == ""
    assert failed.stderr == (
        f"agent-host: server.prot in {tmp_path}/agent-host.toml: there is no such setting. "
        "Did you mean server.port?\n"
    )


def test_a_traceback_is_shown_when_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "agent-host.toml").write_text("nonsense = 1\n", "utf-8")
    failed = agent_host("config", "check", "--traceback", cwd=tmp_path)
    assert failed.returncode == 1
    assert "Traceback" in failed.stderr


def test_a_mistyped_flag_is_not_taken_for_another(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["run", "--relo"])
    assert left.value.code == 2
    said = capsys.readouterr().err
    assert "--relo" in said
    assert "`agent-host run --help`" in said
