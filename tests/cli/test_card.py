"""`agent-host card`."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent_host.cli.card import find_doubts, find_gaps
from agent_host.cli.main import main

TARGET = "agent.py:greet"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "agent.py").write_text(
        'async def greet(text: str) -> str:\n    """Greets people."""\n    return text\n', "utf-8"
    )
    monkeypatch.chdir(tmp_path)


def test_the_card_is_printed_as_it_would_be_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["card", TARGET, "--channel", "a2a"]) == 0
    said = capsys.readouterr()
    card: dict[str, Any] = json.loads(said.out)
    assert (card["name"], card["description"]) == ("greet", "Greets people.")
    assert card["supportedInterfaces"][0]["url"] == "http://127.0.0.1:8080/a2a"
    assert "channels.a2a.base_url" in said.err
    assert "keys create" in said.err
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".py"] in (
        [],
        ["__pycache__"],
    )


def test_what_is_set_is_on_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGENT_HOST_CHANNELS__A2A__BASE_URL", "http://agents.example.org")
    monkeypatch.setenv("AGENT_HOST_CHANNELS__A2A__AGENT_NAME", "Clerk")
    assert main(["card", TARGET]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["name"] == "Clerk"
    assert "http://agents.example.org/a2a is not https" in said.err


def test_without_a_channel_that_has_one_it_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", TARGET, "--channel", "rest"]) != 0
    assert "agent-host card --channel a2a" in capsys.readouterr().err


def test_what_a_card_lacks_is_named() -> None:
    card: dict[str, Any] = {
        "name": "x",
        "skills": [{"id": "a", "name": "a", "description": "a", "tags": []}],
    }
    gaps = [*find_gaps(card)]
    assert "skills[0].tags is missing" in gaps
    assert "supportedInterfaces is missing" in gaps
    assert "name is missing" not in gaps


def test_a_public_card_that_asks_for_a_proof_leaves_no_doubt() -> None:
    card: dict[str, Any] = {
        "supportedInterfaces": [{"url": "https://agents.example.org/a2a"}],
        "securitySchemes": {"callers": {}},
    }
    assert [*find_doubts(card)] == []
