"""Only Markdown inside the folder is read, and only so much of it."""

import os
from pathlib import Path

from agent_host.agents.markdown_folder import FileStamp, MarkdownFolder


def paths(folder: MarkdownFolder) -> list[str]:
    return [stamp.path for stamp in folder.scan()]


def write(path: Path, text: str = "text\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_markdown_files_are_found_in_order(tmp_path: Path) -> None:
    for name in ("b.md", "a/z.MD", "a/b/c.md", "notes.txt", "script.py"):
        write(tmp_path / name)
    assert paths(MarkdownFolder(root=tmp_path)) == ["a/b/c.md", "a/z.MD", "b.md"]


def test_hidden_and_installed_files_are_passed_over(tmp_path: Path) -> None:
    for name in (".hidden.md", ".venv/a.md", "node_modules/b.md", "seen.md"):
        write(tmp_path / name)
    assert paths(MarkdownFolder(root=tmp_path)) == ["seen.md"]


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside" / "secret.md", "secret")
    root = tmp_path / "docs"
    write(root / "real.md")
    (root / "escape.md").symlink_to(outside)
    (root / "folder").symlink_to(outside.parent)
    (root / "circle.md").symlink_to(root / "circle.md")
    (root / "inner.md").symlink_to(root / "real.md")
    folder = MarkdownFolder(root=root)
    assert paths(folder) == ["inner.md", "real.md"]
    assert folder.read(FileStamp(path="escape.md", size_bytes=6, modified_ns=0)) == ""
    assert folder.read(FileStamp(path="../outside/secret.md", size_bytes=6, modified_ns=0)) == ""


def test_only_the_named_entries_are_read(tmp_path: Path) -> None:
    for name in ("README.md", "CHANGELOG.md", "docs/a.md", "src/b.md"):
        write(tmp_path / name)
    folder = MarkdownFolder(root=tmp_path, entries=("README.md", "docs", "missing"))
    assert paths(folder) == ["README.md", "docs/a.md"]


def test_an_entry_that_leads_outside_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "outside" / "a.md")
    root = tmp_path / "project"
    root.mkdir()
    (root / "docs").symlink_to(tmp_path / "outside")
    assert paths(MarkdownFolder(root=root, entries=("docs",))) == []


def test_a_folder_reached_by_a_link_is_read(tmp_path: Path) -> None:
    write(tmp_path / "real" / "a.md", "hello")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    folder = MarkdownFolder(root=tmp_path / "link")
    (stamp,) = folder.scan()
    assert folder.read(stamp) == "hello"


def test_bounds_hold(tmp_path: Path) -> None:
    for name in ("a.md", "b.md", "c.md"):
        write(tmp_path / name, "x" * 100)
    write(tmp_path / "big.md", "x" * 1000)
    assert paths(MarkdownFolder(root=tmp_path, file_limit_bytes=500)) == ["a.md", "b.md", "c.md"]
    assert paths(MarkdownFolder(root=tmp_path, file_limit=2)) == ["a.md", "b.md"]
    assert paths(MarkdownFolder(root=tmp_path, total_limit_bytes=150)) == ["a.md"]


def test_what_is_not_a_file_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "folder.md").mkdir()
    assert paths(MarkdownFolder(root=tmp_path)) == []


def test_bytes_that_are_not_utf8_are_tolerated(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"caf\xe9 \xff end")
    folder = MarkdownFolder(root=tmp_path)
    (stamp,) = folder.scan()
    assert folder.read(stamp) == "caf\ufffd \ufffd end"


def test_a_file_that_went_away_is_empty(tmp_path: Path) -> None:
    path = write(tmp_path / "a.md")
    folder = MarkdownFolder(root=tmp_path)
    (stamp,) = folder.scan()
    path.unlink()
    assert folder.read(stamp) == ""


def test_a_folder_in_the_place_of_a_file_is_empty(tmp_path: Path) -> None:
    (tmp_path / "a.md").mkdir()
    folder = MarkdownFolder(root=tmp_path)
    assert folder.read(FileStamp(path="a.md", size_bytes=1, modified_ns=0)) == ""


def test_a_change_shows_in_the_stamps(tmp_path: Path) -> None:
    path = write(tmp_path / "a.md")
    folder = MarkdownFolder(root=tmp_path)
    before = folder.scan()
    path.write_text("longer text\n")
    assert folder.scan() != before
