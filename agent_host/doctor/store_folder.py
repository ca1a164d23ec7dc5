"""The disk store's folder: whose it is, who has it, whether it can be written, how much room is."""

import os
import secrets
import shutil
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agent_host.doctor.exposure import can_be_made, exposures, nearest_folder
from agent_host.doctor.finding import Finding, ok, problem, setting, skipped, warning
from agent_host.doctor.listener import Tenant
from agent_host.doctor.situation import Situation
from agent_host.doctor.store_kind import disk_folder
from agent_host.settings.unit import format_size
from agent_host.stores.disk_folder import COMPANIONS, DATABASE, LOCK
from agent_host.stores.disk_lock import is_locked, read_holder

_NO_FOLDER: Final = "The store has no folder on this machine."
_LITTLE_BYTES: Final = 1024**3
_NOTHING_BYTES: Final = 64 * 1024**2
_PROBE_BYTES: Final = 64 * 1024


def check_folder(situation: Situation) -> Iterator[Finding]:
    """Is it a folder, its owner's alone, and are the files in it?"""
    folder = disk_folder(situation)
    if folder is None:
        yield skipped(_NO_FOLDER)
    elif not os.path.lexists(folder):
        yield _to_be_made(folder)
    elif not folder.is_dir():
        yield problem(f"{folder} is not a folder.", f"Set {setting('store')} to another one.")
    else:
        yield from _private(folder)


def _private(folder: Path) -> Iterator[Finding]:
    names = (DATABASE, LOCK, *(f"{DATABASE}{suffix}" for suffix in COMPANIONS))
    places = [folder, *(folder / name for name in names)]
    wrong = [
        f"{place} {text}" for place in places if os.path.lexists(place) for text in exposures(place)
    ]
    if wrong:
        yield problem(
            f"{'; '.join(wrong)}.",
            f"Give them to the server's user alone: chmod -R go= {folder}. No links.",
        )
    else:
        yield ok(f"{folder} and the store's files in it are its owner's alone.")


def _to_be_made(folder: Path) -> Finding:
    if can_be_made(folder):
        return ok(f"{folder} is not there yet and will be made, for its owner only.")
    return problem(
        f"{folder} cannot be made: what it would be in is no folder, or cannot be written.",
        f"Set {setting('store')} to a folder that this user may make.",
    )


def check_lock(situation: Situation) -> Iterator[Finding]:
    """Who has the folder, and is it the server at the address?"""
    folder = disk_folder(situation)
    if folder is None or not folder.is_dir():
        yield skipped(_NO_FOLDER if folder is None else f"{folder} is not there yet.")
        return
    try:
        locked = is_locked(folder)
    except OSError as error:
        yield problem(f"{folder / LOCK} cannot be looked at: {error.strerror}.", "Check its owner.")
        return
    if not locked:
        yield ok("No process has the store.")
        return
    holder = read_holder(folder)
    who = "A process" if holder is None else f"Process {holder.pid} on {holder.host}"
    since = "" if holder is None else f" since {holder.since}"
    if situation.listener.tenant is Tenant.HOST and situation.settings.server.port:
        yield ok(f"{who} has the store{since}; a host answers at the address.")
        return
    gone = holder is not None and holder.host == socket.gethostname() and not _lives(holder.pid)
    seen = " That process is not seen from here." if gone else ""
    yield warning(
        f"{who} has the store{since}, and no host answers at the address.{seen}",
        f"Stop it before you start another, or set {setting('store')} to another folder.",
    )


def check_writing(situation: Situation) -> Iterator[Finding]:
    """Can something be put on the disk? Tried while no server does it."""
    folder = disk_folder(situation)
    if folder is None or not folder.is_dir():
        yield skipped(_NO_FOLDER if folder is None else f"{folder} is not there yet.")
        return
    try:
        if is_locked(folder):
            yield skipped("A process has the store and writes to it.")
            return
        _write(folder)
    except OSError as error:
        yield problem(
            f"{folder} cannot be written: {error.strerror}.",
            f"Make room, mount it for writing, or set {setting('store')} to another folder.",
        )
        return
    yield ok("A file could be written, flushed and removed.")


def _write(folder: Path) -> None:
    path = folder / f".doctor-{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags, stat.S_IRUSR | stat.S_IWUSR)
    try:
        os.write(descriptor, bytes(_PROBE_BYTES))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
        path.unlink()


def check_room(situation: Situation) -> Iterator[Finding]:
    """Is there room on the disk?"""
    folder = disk_folder(situation)
    if folder is None:
        yield skipped(_NO_FOLDER)
        return
    free = shutil.disk_usage(nearest_folder(folder)).free
    said = f"{format_size(free - free % 1024**2)} are free on the store's disk."
    if free < _NOTHING_BYTES:
        yield problem(said, f"Make room, or set {setting('store')} to another disk.")
    elif free < _LITTLE_BYTES:
        yield warning(said, f"Make room, or shorten {setting('run.retention')}.")
    else:
        yield ok(said)


def _lives(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


__all__ = ["check_folder", "check_lock", "check_room", "check_writing"]
