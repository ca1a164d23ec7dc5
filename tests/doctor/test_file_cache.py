"""The folder of file bytes, and the clock that everything is written by."""

import asyncio
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent_host.doctor.clock import check_clock
from agent_host.doctor.exposure import exposures
from agent_host.doctor.file_cache import check_files
from agent_host.stores.disk_file import DiskFileStore
from agent_host.stores.disk_folder import DATABASE
from tests.doctor.case import Usage, always, said, situation

FILES = Path(".agent-host/files")


def test_a_folder_that_the_cache_made_is_private() -> None:
    async def open_and_close() -> None:
        async with DiskFileStore(FILES):
            pass

    assert said(check_files(situation())).startswith("ok: .agent-host/files is not there yet")
    asyncio.run(open_and_close())
    assert said(check_files(situation())).startswith("ok: ")
    FILES.chmod(0o755)
    assert said(check_files(situation())).startswith("problem: .agent-host/files is open")


def test_files_in_memory_have_no_folder() -> None:
    assert said(check_files(situation(store="memory://"))).startswith("skipped")


@pytest.mark.parametrize("name", ["a$b", "taken/inside", "taken"])
def test_a_folder_that_cannot_be_used_is_a_problem(folder: Path, name: str) -> None:
    (folder / "taken").write_text("")
    lines = said(check_files(situation(files={"folder": name})))
    assert lines.startswith("problem")
    assert "AGENT_HOST_FILES__FOLDER" in lines


def test_a_disk_without_room_for_the_limit_is_worth_a_word(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FILES.mkdir(parents=True, mode=0o700)
    monkeypatch.setattr(shutil, "disk_usage", always(Usage(1024)))
    assert "the disk has no room" in said(check_files(situation()))


def test_somebody_else_s_file_is_found(folder: Path) -> None:
    file = folder / "mine"
    file.touch(mode=0o600)
    assert exposures(file) == []
    assert "belongs to user" in exposures(file, of_owner=os.geteuid() + 1)[0]


@pytest.mark.parametrize("name", [f".agent-host/{DATABASE}", ".agent-host/keys.json"])
def test_state_from_the_future_says_that_the_clock_was_set_back(folder: Path, name: str) -> None:
    assert said(check_clock(situation())).startswith("ok: The clock says")
    (folder / ".agent-host").mkdir()
    (folder / name).touch()
    assert said(check_clock(situation())).startswith("ok")
    later = (datetime.now(UTC) + timedelta(days=2)).timestamp()
    os.utime(folder / name, (later, later))
    assert said(check_clock(situation())).startswith("warning: State was written")


def test_a_clock_from_before_the_installation_is_a_problem() -> None:
    class Reset:
        def now(self) -> datetime:
            return datetime(1970, 1, 1, tzinfo=UTC)

        def monotonic(self) -> float:
            return 0.0

        async def sleep(self, seconds: float) -> None:
            raise AssertionError(seconds)

    case = situation()
    object.__setattr__(case, "clock", Reset())
    assert said(check_clock(case)).startswith("problem: The clock says 1970-01-01")
