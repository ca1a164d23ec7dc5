"""`agent-host doctor`, as a person uses it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from agent_host.authentication.api_key_book import ApiKeyBook, KeyWish
from agent_host.authentication.api_key_file import ApiKeyFile
from agent_host.cli.main import main

EVERYWHERE = "0.0.0.0"  # noqa: S104 - looked at, never bound
TARGET = "raise SystemExit('nobody asked for this')\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("AGENT_HOST_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bot.py").write_text(TARGET)
    return tmp_path


def doctor(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(["doctor", "bot.py:agent", "--port", "0", *arguments])
    return code, capsys.readouterr().out


def findings(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code, text = doctor(capsys, *arguments, "--json")
    document = json.loads(text)
    assert document["safe"] == (code == 0)
    return code, {entry["check"]: entry for entry in document["findings"]}


def test_a_safe_host_is_said_to_be_safe(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, text = doctor(capsys)
    assert code == 0
    assert text.splitlines()[-1].startswith("Safe: ")
    assert "\nproblem" not in text
    assert [path.name for path in folder.iterdir()] == ["bot.py"]


def test_an_open_host_is_said_to_be_open(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = doctor(capsys, "--host", EVERYWHERE, "--insecure")
    assert code == 1
    assert text.splitlines()[-1].startswith("Not safe, or broken: ")
    assert "problem  address        Whoever reaches the port" in text


def test_the_same_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = findings(capsys, "--host", EVERYWHERE)
    assert code == 1
    assert found["address"]["status"] == "problem"
    assert found["python"] == {
        "check": "python",
        "status": "ok",
        "found": found["python"]["found"],
        "change": None,
    }


def test_keys_make_it_safe(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    file = ApiKeyFile(folder / ".agent-host" / "keys.json")
    new, _ = ApiKeyBook(file).create(KeyWish(name="one"))
    code, text = doctor(capsys, "--host", EVERYWHERE)
    assert code == 0
    assert "1 of 1 keys are live" in text
    assert new.text not in text


def test_wrong_settings_are_a_finding(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "agent-host.toml").write_text("[server]\nprot = 1\n\n[run]\nretension = 1\n")
    code, text = doctor(capsys)
    assert code == 1
    assert "server.prot" in text
    assert "Did you mean run.retention?" in text
    assert len([line for line in text.splitlines() if line.startswith("problem")]) == 1


def test_names_of_files_cannot_paint_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "\x1b[32mok.py:agent", "--port", "0"])
    text = capsys.readouterr().out
    assert code == 1
    assert "\x1b" not in text


def test_a_wrong_command_line_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--colour"])
    assert left.value.code == 2
    assert "--colour" in capsys.readouterr().err


def test_the_target_runs_only_if_asked_for(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "bot.py").write_text(
        "print('I ran')\ndef agent(text: str) -> str:\n    return text\n"
    )
    _, found = findings(capsys)
    assert "--load-target would run it" in found["target"]["found"]
    _, found = findings(capsys, "--load-target")
    assert found["target"]["found"] == "The target 'agent' can be loaded and hosted."
