"""The store: its kind, its folder, who has it, room and writing, and what is in it."""

import asyncio
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent_host.doctor.finding import Finding
from agent_host.doctor.listener import Listener, Tenant
from agent_host.doctor.situation import Wishes
from agent_host.doctor.store_content import check_content
from agent_host.doctor.store_folder import check_folder, check_lock, check_room, check_writing
from agent_host.doctor.store_kind import check_runtime, check_store
from agent_host.stores.disk import DiskStateStore
from agent_host.stores.disk_folder import DATABASE, LOCK, QUARANTINE
from agent_host.stores.disk_lock import FolderLock
from agent_host.system import SystemClock
from agent_host.types.store import Key, Put, SetAside, Write
from tests.doctor.case import Usage, always, said, situation

FOLDER = Path("state")
ON_DISK: dict[str, Any] = {"store": "disk://state"}
HOST = Listener(address="127.0.0.1", port=8080, tenant=Tenant.HOST)


def fill(*writes: Write) -> None:
    async def commit() -> None:
        async with DiskStateStore(FOLDER) as store:
            await store.commit([Put(Key("c", "p", "i"), b"x"), *writes])

    asyncio.run(commit())


def on_disk(check: Any, **more: Any) -> str:
    findings: list[Finding] = list(check(situation(**ON_DISK, **more)))
    return said(findings)


def test_the_kind_of_store_goes_with_who_is_served() -> None:
    assert said(check_store(situation())).startswith("ok: disk://")
    assert said(check_store(situation(store="memory://"))).startswith("ok: memory://")
    served = said(check_store(situation(store="memory://", proof=True)))
    assert served.startswith("warning: memory:// forgets")
    assert "AGENT_HOST_STORE" in served


@pytest.mark.parametrize("url", ["nowhere://x", "disk://a?b"])
def test_a_store_that_is_none_is_a_problem(url: str) -> None:
    assert said(check_store(situation(store=url))).startswith("problem")
    assert said(check_runtime(situation(store="nowhere://x"))) == ""


def test_a_process_that_may_end_needs_a_store_elsewhere() -> None:
    lambdas = {"AWS_LAMBDA_FUNCTION_NAME": "f"}
    assert said(check_runtime(situation())).startswith("ok: The process is long-running")
    refused = said(check_runtime(situation(environ=lambdas)))
    assert refused.startswith("problem")
    assert "allow_in_process_runner" in refused
    allowed = check_runtime(situation(environ=lambdas, allow_in_process_runner=True))
    assert said(allowed).startswith("warning")
    kept = check_runtime(situation(environ=lambdas, runtime_mode="long_running"))
    assert said(kept).startswith("ok")


@pytest.mark.parametrize("check", [check_folder, check_lock, check_room, check_writing])
def test_another_store_has_no_folder(check: Any) -> None:
    assert said(check(situation(store="memory://"))).startswith("skipped")


def test_a_folder_that_the_store_made_is_private() -> None:
    assert on_disk(check_folder).startswith("ok: state is not there yet")
    fill()
    assert on_disk(check_folder).startswith("ok: state and the store's files")


@pytest.mark.parametrize("place", [FOLDER, FOLDER / DATABASE, FOLDER / LOCK])
def test_what_others_can_look_into_is_a_problem(place: Path) -> None:
    fill()
    place.chmod(0o750)
    lines = on_disk(check_folder)
    assert lines.startswith(f"problem: {place} is open to other users (mode 0750)")
    assert "chmod" in lines


def test_links_are_a_problem() -> None:
    fill()
    FOLDER.rename("elsewhere")
    FOLDER.symlink_to("elsewhere")
    assert "state is a symbolic link" in on_disk(check_folder)


def test_what_can_be_no_folder_is_a_problem(folder: Path) -> None:
    (folder / "state").write_text("")
    assert on_disk(check_folder).startswith("problem: state is not a folder")
    inside = situation(store="disk://state/inside")
    assert said(check_folder(inside)).startswith("problem: state/inside cannot be made")


def test_who_has_the_folder_is_named() -> None:
    assert on_disk(check_lock).startswith("skipped")
    FOLDER.mkdir()
    assert on_disk(check_lock) == "ok: No process has the store."
    lock = FolderLock(FOLDER)
    assert lock.take(SystemClock().now())
    try:
        assert f"Process {os.getpid()} on" in on_disk(check_lock, listener=HOST)
        assert on_disk(check_lock, listener=HOST).startswith("ok")
        alone = on_disk(check_lock)
        assert alone.startswith("warning")
        assert "not seen from here" not in alone
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        holder = {"pid": ended.pid, "host": socket.gethostname(), "since": "then"}
        (FOLDER / LOCK).write_text(json.dumps(holder))
        assert "That process is not seen from here." in on_disk(check_lock)
        (FOLDER / LOCK).write_text(json.dumps(holder | {"pid": 1 << 80}))
        assert "That process is not seen from here." in on_disk(check_lock)
        (FOLDER / LOCK).write_text("")
        assert on_disk(check_lock).startswith("warning: A process has the store")
        assert on_disk(check_writing).startswith("skipped: A process has the store")
    finally:
        lock.release()
    assert on_disk(check_lock) == "ok: No process has the store."


def test_a_look_at_the_lock_does_not_take_it() -> None:
    FOLDER.mkdir()
    lock = FolderLock(FOLDER)
    on_disk(check_lock)
    assert not (FOLDER / LOCK).exists()
    assert lock.take(SystemClock().now())
    lock.release()


def test_a_lock_that_cannot_be_looked_at_is_a_problem() -> None:
    FOLDER.mkdir()
    (FOLDER / LOCK).symlink_to("nowhere")
    assert on_disk(check_lock).startswith("problem")
    assert on_disk(check_writing).startswith("problem")


def test_writing_is_tried_and_leaves_nothing() -> None:
    assert on_disk(check_writing).startswith("skipped")
    FOLDER.mkdir()
    assert on_disk(check_writing).startswith("ok")
    assert list(FOLDER.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_problem() -> None:
    assert said(check_writing(situation(store="disk:///proc/self"))).startswith(
        "problem: /proc/self cannot be written"
    )


@pytest.mark.parametrize(
    ("free", "status"), [(10, "problem"), (512 * 1024**2, "warning"), (8 * 1024**3, "ok")]
)
def test_room_is_looked_at(monkeypatch: pytest.MonkeyPatch, free: int, status: str) -> None:
    monkeypatch.setattr(shutil, "disk_usage", always(Usage(free)))
    assert on_disk(check_room).startswith(f"{status}: ")


def test_what_is_in_the_store_is_counted() -> None:
    assert on_disk(check_content).startswith("skipped")
    fill()
    assert on_disk(check_content).startswith("ok: 1 records in ")
    assert "every page is whole" in on_disk(check_content, wishes=Wishes(thorough=True))


async def test_a_store_is_looked_at_beside_its_server() -> None:
    async with DiskStateStore(FOLDER) as store:
        await store.commit([Put(Key("c", "p", "i"), b"x")])
        assert on_disk(check_content).startswith("ok: 1 records in ")
        assert on_disk(check_lock, listener=HOST).startswith("ok: Process")
        assert on_disk(check_folder).startswith("ok")
        await store.commit([Put(Key("c", "p", "j"), b"x")])


def test_a_damaged_database_is_a_problem() -> None:
    fill()
    size = (FOLDER / DATABASE).stat().st_size
    with (FOLDER / DATABASE).open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))
    lines = on_disk(check_content)
    assert lines.startswith("problem: The database has damaged pages")
    assert "ok" not in lines


def test_a_newer_release_s_database_is_a_problem() -> None:
    fill()
    with sqlite3.connect(FOLDER / DATABASE) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    assert on_disk(check_content).startswith("problem: The store was written by a newer release")


def test_another_program_s_database_is_a_problem() -> None:
    fill()
    with sqlite3.connect(FOLDER / DATABASE) as database:
        database.execute("PRAGMA application_id = 7")
    database.close()
    assert "another program's" in on_disk(check_content)


def test_what_was_set_aside_is_worth_a_look() -> None:
    fill()
    (FOLDER / QUARANTINE).mkdir()
    (FOLDER / QUARANTINE / "state.db.1").write_text("")
    assert on_disk(check_content).startswith("warning: 1 damaged databases were set aside")


def test_records_that_were_set_aside_are_counted() -> None:
    fill(Put(Key("run", "p", "a"), b"?"), SetAside(Key("run", "p", "a"), 1, "newer_record"))
    found = on_disk(check_content)
    assert found.startswith(
        "warning: Records and entries that could not be made sense of were set aside: 1 run"
    )
    assert "agent-host quarantine" in found
