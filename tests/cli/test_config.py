"""`agent-host config`: check, show, template."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from agent_host.cli.main import main
from agent_host.registry import channel_config
from agent_host.settings import load_settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, tuple[str, str]]:
    assert main(["config", "show", *arguments]) == 0
    rows: dict[str, tuple[str, str]] = {}
    for line in capsys.readouterr().out.splitlines():
        if not line.startswith("#"):
            key, *value, origin = line.split()
            rows[key] = (" ".join(value), origin)
    return rows


def test_show_lists_every_value_and_who_set_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "own.toml"
    file.write_text("[server]\nport = 9000\n[channels.rest]\nheartbeat_interval = '20s'\n", "utf-8")
    monkeypatch.setenv("AGENT_HOST_RUN__TIME_LIMIT", "90s")
    rows = shown(capsys, "--config", str(file))
    assert rows["server.port"] == ("9000", str(file))
    assert rows["channels.rest.heartbeat_interval"] == ('"20s"', str(file))
    assert rows["run.time_limit"] == ('"1m30s"', "AGENT_HOST_RUN__TIME_LIMIT")
    assert rows["server.host"] == ('"127.0.0.1"', "default")
    assert rows["name"] == ("(not set)", "default")
    assert rows["channels.rest.enabled"] == ("true", "default")


def test_show_hides_the_password_of_a_url(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_HOST_STORE", "redis://me:s3cret@db:6379/0")
    assert shown(capsys)["store"][0] == '"redis://********@db:6379/0"'


def test_show_takes_a_channel_that_is_switched_off(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_HOST_CHANNELS__REST__ENABLED", "false")
    rows = shown(capsys)
    assert rows["channels.rest.enabled"] == ("false", "AGENT_HOST_CHANNELS__REST__ENABLED")
    assert "channels.rest.heartbeat_interval" not in rows


def test_check_says_what_was_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["config", "check"]) == 0
    assert "no file; 0 settings are set" in capsys.readouterr().out
    monkeypatch.setenv("AGENT_HOST_NAME", "shop")
    (tmp_path / "agent-host.toml").write_text("", "utf-8")
    assert main(["config", "check"]) == 0
    assert "agent-host.toml; 1 setting is set" in capsys.readouterr().out


def test_the_template_is_the_default_file_and_sets_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "template"]) == 0
    template = capsys.readouterr().out
    assert template == (ROOT / "deploy/agent-host.toml").read_text("utf-8")
    (tmp_path / "agent-host.toml").write_text(template, "utf-8")
    loaded = load_settings(channel_config, environ={}, directory=tmp_path)
    assert loaded.origins == {}


def test_the_default_file_with_every_line_uncommented_is_the_default(tmp_path: Path) -> None:
    text = (ROOT / "deploy/agent-host.toml").read_text("utf-8")
    kept = [line for line in text.splitlines() if not line.startswith("# ")]
    lines = [line.removeprefix("#") for line in kept if not line.endswith("=")]
    file = tmp_path / "agent-host.toml"
    file.write_text("\n".join(lines), "utf-8")
    tomllib.loads(file.read_text("utf-8"))

    everything = load_settings(channel_config, environ={}, config_file=file)
    nothing = load_settings(channel_config, environ={}, directory=tmp_path / "elsewhere")
    assert everything.channels == {name: channel_config(name)() for name in everything.channels}
    assert nothing.channels.items() <= everything.channels.items()
    assert everything.settings.model_copy(update={"channels": {}}) == nothing.settings.model_copy(
        update={"channels": {}}
    )
    unset = {option.path for option in everything.options if option.default is None}
    assert set(everything.origins) == {option.path for option in everything.options} - unset


def test_the_generated_documents_are_up_to_date() -> None:
    checked = subprocess.run(
        [sys.executable, ROOT / "docs/build_reference.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_every_option_is_in_both_documents() -> None:
    options = load_settings(channel_config, environ={}, directory=ROOT / "deploy").options
    page = (ROOT / "docs/configuration.md").read_text("utf-8")
    file = (ROOT / "deploy/agent-host.toml").read_text("utf-8")
    assert [option.key for option in options if f"`{option.variable}`" not in page] == []
    assert [option.key for option in options if f"\n#{option.path[-1]} =" not in file] == []
    assert [option.key for option in options if not option.description] == []
