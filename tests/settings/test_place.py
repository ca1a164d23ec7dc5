"""Keys and files go where the store is, unless they are told where to be."""

from pathlib import Path

import pytest

from agent_host.authentication.api_key_book import ApiKeyBook, KeyWish
from agent_host.authentication.api_key_file import ApiKeyFile
from agent_host.cli.main import main
from agent_host.configured_host import create_host
from agent_host.settings import Settings
from agent_host.settings.access import AccessSettings
from agent_host.settings.file import FileSettings
from agent_host.settings.place import files_folder, keys_file


@pytest.mark.parametrize(
    ("store", "folder"),
    [
        ("disk://", ".agent-host"),
        ("disk://.agent-host", ".agent-host"),
        ("disk://here", "here"),
        ("disk:///var/lib/host", "/var/lib/host"),
        ("memory://", ".agent-host"),
        ("redis://localhost", ".agent-host"),
        ("disk://no?such", ".agent-host"),
    ],
)
def test_they_follow_the_store(store: str, folder: str) -> None:
    settings = Settings(store=store)
    assert keys_file(settings) == Path(folder, "keys.json")
    assert files_folder(settings) == Path(folder, "files")


def test_what_is_named_stays_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = Settings(
        store="disk:///elsewhere",
        access=AccessSettings(keys_file="~/keys"),
        files=FileSettings(folder=Path("bytes")),
    )
    assert keys_file(settings) == tmp_path / "keys"
    assert files_folder(settings) == Path("bytes")


def test_a_host_asks_for_the_keys_beside_its_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    store = f"disk://{tmp_path}/state"
    assert main(["keys", "create", "laptop", "--store", store]) == 0
    assert "laptop" in capsys.readouterr().out
    assert not create_host(Settings(store=store)).admits_anyone
    assert create_host(Settings(store="disk://other")).admits_anyone
    ApiKeyBook(ApiKeyFile(tmp_path / "other" / "keys.json")).create(KeyWish(name="other"))
    assert not create_host(Settings(store="disk://other")).admits_anyone
    assert not (tmp_path / ".agent-host").exists()
