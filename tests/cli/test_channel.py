"""`agent-host channels`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent_host.cli.main import main


def test_a_mounted_channel_is_listed_with_its_routes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENT_HOST_CHANNELS__REST__PATH_PREFIX", "/api")
    assert main(["channels"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["rest:", "mounted"] in lines
    assert ["GET", "POST", "/api/invocations", "caller"] in lines
    assert ["GET", "/api/ping", "public"] in lines


def test_a_channel_that_is_switched_off_says_how_to_mount_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENT_HOST_CHANNELS__REST__ENABLED", "false")
    assert main(["channels"]) == 0
    assert "rest: installed, not mounted; to mount it, add [channels.rest]" in (
        capsys.readouterr().out
    )


def test_a_channel_of_another_package_that_lacks_something_is_named(tmp_path: Path) -> None:
    installed = tmp_path / "site"
    (installed / "smoke_channel-1.dist-info").mkdir(parents=True)
    information = installed / "smoke_channel-1.dist-info"
    (information / "METADATA").write_text("Name: smoke-channel\nVersion: 1\n", "utf-8")
    (information / "entry_points.txt").write_text(
        "[agent_host.channels]\nsmoke = smoke_channel:SmokeChannel\n", "utf-8"
    )
    (installed / "smoke_channel.py").write_text("import no_such_module_anywhere\n", "utf-8")

    def agent_host(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "agent_host.cli", *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(installed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    listed = agent_host("channels")
    assert "smoke: The channel 'smoke', from smoke-channel, needs the module" in listed
    assert "[channels.smoke]" not in agent_host("config", "template")
