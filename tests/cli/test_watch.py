"""Which files a reloading host looks at."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

import agent_host
from agent_host.cli.watch import FileWatch, find_code


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def test_code_that_is_written_added_or_removed_is_a_change(tmp_path: Path) -> None:
    kept = write(tmp_path / "app.py")
    gone = write(tmp_path / "part" / "old.py")
    watch = FileWatch(folders=[tmp_path])
    assert watch.changes() == []

    write(kept, "answer = 42")
    gone.unlink()
    added = write(tmp_path / "part" / "new.py")
    assert watch.changes() == [kept, added, gone]
    assert watch.changes() == []


def test_what_is_not_ones_own_code_is_left_out(tmp_path: Path) -> None:
    write(tmp_path / "venv" / "pyvenv.cfg")
    watch = FileWatch(folders=[tmp_path])
    for place in ("venv", ".hidden", "__pycache__", "node_modules", "lib/site-packages"):
        write(tmp_path / place / "code.py", "x = 1")
    write(tmp_path / "notes.txt")
    assert watch.changes() == []


def test_a_single_file_counts_whatever_it_is_and_may_be_missing(tmp_path: Path) -> None:
    config = tmp_path / "agent-host.toml"
    watch = FileWatch(folders=[], files=[config])
    assert watch.changes() == []
    write(config)
    assert watch.changes() == [config]


def test_a_target_by_path_is_watched_where_it_lies(tmp_path: Path) -> None:
    assert find_code(f"{tmp_path}/app.py:agent", []) == [tmp_path]
    assert find_code("app.py", []) == [Path()]


def test_a_target_by_module_is_watched_where_its_package_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    write(tmp_path / "watched_shop" / "__init__.py", "raise SystemExit('must not be run')")
    write(tmp_path / "watched_app.py")
    assert find_code("watched_shop.bots:support", []) == [tmp_path / "watched_shop"]
    assert find_code("watched_app:agent", []) == [tmp_path]
    assert "watched_shop" not in sys.modules


def test_a_module_in_the_working_directory_is_watched_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "bot.py")
    write(tmp_path / "shop" / "bots.py")
    assert find_code("bot:agent", []) == [tmp_path]
    assert find_code("shop.bots:agent", []) == [tmp_path / "shop"]


def test_an_unknown_or_built_in_module_means_the_working_directory() -> None:
    assert find_code("no_such_module_anywhere:agent", []) == [Path.cwd()]
    assert find_code("sys:agent", []) == [Path.cwd()]
    assert find_code("..odd:agent", []) == [Path.cwd()]


def test_a_module_without_a_specification_means_the_working_directory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "made_by_hand", ModuleType("made_by_hand"))
    assert find_code("made_by_hand:agent", []) == [Path.cwd()]


def test_packages_are_watched_only_where_they_are_edited() -> None:
    folders = find_code("app.py", ["agent_host", "pydantic"])
    assert folders == [Path(), *map(Path, agent_host.__path__)]
