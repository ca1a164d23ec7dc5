"""Folders for their owner only."""

from pathlib import Path

import pytest

from agent_host.private_folder import make_folder


def test_what_leads_to_it_is_private_too(tmp_path: Path) -> None:
    make_folder(tmp_path / "state" / "files" / "deep")
    for made in ("state", "state/files", "state/files/deep"):
        assert (tmp_path / made).stat().st_mode & 0o777 == 0o700


def test_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir(mode=0o755)
    before = (tmp_path / "shared").stat().st_mode
    make_folder(tmp_path / "shared" / "mine")
    make_folder(tmp_path / "shared")
    assert (tmp_path / "shared").stat().st_mode == before


def test_what_is_no_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        make_folder(tmp_path / "file" / "inside")
