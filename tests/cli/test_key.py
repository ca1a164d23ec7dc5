"""`agent-host keys`, as a person uses it."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from agent_host.cli.main import main

KEY = re.compile(r"^  (ah_[0-9A-Za-z]{10}_[0-9A-Za-z]{32})$", re.MULTILINE)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("AGENT_HOST_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Command:
    """Runs `agent-host keys` and keeps what it said."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> str:
        assert main(["keys", *arguments]) == 0
        said = self._capsys.readouterr()
        assert said.err == ""
        return said.out

    def fails(self, *arguments: str) -> str:
        assert main(["keys", *arguments]) == 2
        said = self._capsys.readouterr()
        assert said.out == ""
        return said.err

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json"))


@pytest.fixture
def keys(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


def test_a_key_is_shown_once(keys: Command, folder: Path) -> None:
    shown = KEY.search(keys("create", "laptop"))
    assert shown is not None
    listed = keys("list")
    assert "laptop" in listed
    assert shown[1] not in listed
    assert shown[1] not in (folder / ".agent-host" / "keys.json").read_text("utf-8")


def test_only_the_first_key_says_when_a_host_begins_to_ask(keys: Command) -> None:
    assert "from its next start on" in keys("create", "laptop")
    assert "from its next start on" not in keys("create", "phone")


def test_all_that_can_be_wished_for_is_there(keys: Command) -> None:
    options = ("--scope", "admin", "--scope", "reports", "--expires", "P90D")
    made = keys.json("create", "ops", *options, "--tenant", "acme", "--subject", "alice")
    assert made.pop("key").startswith(f"ah_{made['id']}_")
    assert keys.json("list") == [made | {"last_used_on": None}]
    assert made["scopes"] == ["admin", "reports"]
    assert (made["tenant"], made["subject"], made["state"]) == ("acme", "alice", "live")
    assert made["expires_at"][:10] > made["created_at"][:10]


def test_what_a_key_cannot_do_is_said(keys: Command) -> None:
    said = keys("create", "ops", "--scope", "operat")
    assert "gives no meaning to: operat" in said
    assert "cannot talk to the agent" in said


def test_a_revoked_key_stays_in_the_list(keys: Command) -> None:
    keys("create", "laptop")
    assert "'laptop'" in keys("revoke", "laptop")
    assert [key["state"] for key in keys.json("list")] == ["revoked"]
    keys("create", "laptop")
    assert keys.json("revoke", "laptop")["state"] == "revoked"


def test_the_file_is_the_settings_or_the_flags(
    keys: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_HOST_ACCESS__KEYS_FILE", str(folder / "one.json"))
    keys("create", "one")
    keys("create", "two", "--file", "two.json")
    assert [key["name"] for key in keys.json("list")] == ["one"]
    assert [key["name"] for key in keys.json("list", "--file", "two.json")] == ["two"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("list",), "agent-host keys create"),
        (("revoke", "x"), "There is no key file"),
        (("create", "x", "--expires", "soon"), "--expires: expected a duration"),
        (("create", "x", "--expires", "0s"), "--expires: expected a duration"),
        (("create", "x", "--expires", "P"), "--expires: expected a duration"),
        (("create", "x", "--scope", "A B"), "--scope must be"),
        (("create", ""), "NAME must be"),
        (("create", "x", "--file", "/proc/no/keys.json"), "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    keys: Command, arguments: tuple[str, ...], said: str
) -> None:
    assert said in keys.fails(*arguments)


def test_a_damaged_file_is_not_written_over(keys: Command, folder: Path) -> None:
    (folder / "keys.json").write_text("{}")
    assert "damaged" in keys.fails("create", "x", "--file", "keys.json")
    assert (folder / "keys.json").read_text("utf-8") == "{}"


def test_an_action_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["keys"])
    assert left.value.code == 2
    assert "ACTION" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["create", "list", "revoke"])
def test_every_action_has_help(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["keys", action, "--help"])
    assert "--file FILE" in capsys.readouterr().out
