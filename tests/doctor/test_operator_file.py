"""The operator's way in: whose it is, and of which server."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent_host.authentication.operator_file import OperatorFile, OperatorPass
from agent_host.doctor.operator_file import check_operator_file
from agent_host.stores.disk_lock import FolderLock
from agent_host.system import SystemClock
from tests.doctor.case import said, situation

FOLDER = Path("state")


def look(store: str = "disk://state") -> str:
    return said(check_operator_file(situation(store=store)))


@pytest.fixture
def file() -> OperatorFile:
    FOLDER.mkdir(mode=0o700)
    file = OperatorFile(FOLDER)
    file.write(passed())
    return file


def passed(pid: int | None = None) -> OperatorPass:
    return OperatorPass(
        url="http://127.0.0.1:8080",
        token="aho_x",
        pid=os.getpid() if pid is None else pid,
        started_at=datetime.now(UTC),
    )


def test_there_may_be_none() -> None:
    assert look("memory://").startswith("skipped")
    assert look().startswith("ok: No way in")


def test_that_of_the_server_that_runs_is_fine(file: OperatorFile) -> None:
    lock = FolderLock(FOLDER)
    assert lock.take(SystemClock().now())
    try:
        assert look().startswith(f"ok: {file.path} is its owner's alone")
        file.write(passed(pid=os.getpid() + 1))
        assert "is of process" in look()
    finally:
        lock.release()


def test_what_a_killed_server_left_opens_nothing(file: OperatorFile) -> None:
    found = look()
    assert found.startswith("warning: A server that was killed left")
    assert str(file.path) in found


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_one_that_others_can_read_or_write_is_unsafe(file: OperatorFile, mode: int) -> None:
    file.path.chmod(mode)
    assert look().startswith("problem: ")
    assert "administers the host" in look()


def test_somebody_elses_is_unsafe(file: OperatorFile) -> None:
    os.chown(file.path, 65534, -1)
    assert "belongs to user 65534" in look()


def test_a_link_is_unsafe(file: OperatorFile) -> None:
    file.path.rename("elsewhere")
    file.path.symlink_to(Path("elsewhere").absolute())
    assert "is a symbolic link" in look()


def test_a_damaged_one_is_said(file: OperatorFile) -> None:
    file.path.write_bytes(b"{")
    assert look().startswith("problem: ")
    assert "damaged" in look()


def test_one_that_cannot_be_looked_at_is_said(
    file: OperatorFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path) -> list[str]:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("agent_host.doctor.operator_file.exposures", refused)
    assert f"{file.path} cannot be looked at: Permission denied" in look()
