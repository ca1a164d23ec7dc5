"""Which kind of file system a folder is on, as Linux tells it (proc_pid_mountinfo(5)).

Locks and flushes over a network are not what they are on a local disk.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agent_host.doctor.exposure import nearest_folder
from agent_host.doctor.finding import Finding, ok, setting, skipped, warning
from agent_host.doctor.situation import Situation
from agent_host.doctor.store_kind import disk_folder

MOUNTS: Final = Path("/proc/self/mountinfo")
_REMOTE: Final = frozenset(
    {"9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "nfs", "nfs4", "smb3", "smbfs"}
)
_FORGETFUL: Final = frozenset({"ramfs", "tmpfs"})
_ESCAPE: Final = re.compile(r"\\([0-7]{3})")
_POINT: Final = 4
"""The field with the place; that of the kind is the first behind a lone hyphen."""


def check_mount(situation: Situation) -> Iterator[Finding]:
    """Is the store on a disk of this machine?"""
    folder = disk_folder(situation)
    kind = None if folder is None else _kind_of(nearest_folder(folder).resolve())
    if kind is None:
        yield skipped("Where the store is, is not known, or not a place on this machine.")
    elif kind in _REMOTE:
        yield warning(
            f"The store is on a network ({kind}): two servers might both have it, and what was "
            "acknowledged might be lost.",
            f"Set {setting('store')} to a folder on a disk of this machine.",
        )
    elif kind in _FORGETFUL:
        yield warning(
            f"The store is in memory ({kind}) and gone when the machine restarts.",
            f"Set {setting('store')} to a folder on a disk.",
        )
    else:
        yield ok(f"The store is on a file system of this machine ({kind}).")


def find_kind(mounts: str, folder: Path) -> str | None:
    """The kind of the innermost mount that the folder is in; a later one hides an earlier one."""
    best, depth = None, 0
    for line in mounts.split("\n"):
        fields = line.split(" ")
        if "-" not in fields[_POINT + 1 : -1]:
            continue
        point = Path(_ESCAPE.sub(lambda found: chr(int(found[1], 8)), fields[_POINT]))
        if folder.is_relative_to(point) and len(point.parts) >= depth:
            best, depth = fields[fields.index("-", _POINT) + 1], len(point.parts)
    return best


def _kind_of(folder: Path) -> str | None:
    try:
        return find_kind(MOUNTS.read_text("utf-8", "surrogateescape"), folder)
    except OSError:
        return None


__all__ = ["MOUNTS", "check_mount", "find_kind"]
