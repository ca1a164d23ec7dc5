"""Who besides its owner gets at a file or a folder. Looks, and changes nothing."""

import os
import stat
from pathlib import Path
from typing import Final

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def exposures(path: Path, *, of_owner: int | None = None) -> list[str]:
    """What is wrong with it, each to be read behind its name; nothing if it is its owner's alone.

    The owner should be `of_owner`, or who runs this.

    Raises:
        OSError: it cannot be looked at.
    """
    status = path.lstat()
    found: list[str] = []
    if stat.S_ISLNK(status.st_mode):
        found.append("is a symbolic link")
        status = path.stat()
    if os.name != "posix":
        return found
    owner = os.geteuid() if of_owner is None else of_owner
    if status.st_uid != owner:
        found.append(f"belongs to user {status.st_uid}, not to {owner}, who runs this")
    if status.st_mode & _OTHERS:
        found.append(f"is open to other users (mode {stat.S_IMODE(status.st_mode):04o})")
    return found


def nearest_folder(path: Path) -> Path:
    """The folder that `path` is in or would be made in: the nearest one that is there."""
    candidate = path.absolute()
    while not candidate.is_dir() and candidate != candidate.parent:
        candidate = candidate.parent
    return candidate


def can_be_made(path: Path) -> bool:
    """Whether a folder, and those that it would be in, can be made at a place where nothing is."""
    above = nearest_folder(path)
    first = above / path.absolute().relative_to(above).parts[0]
    return not os.path.lexists(first) and os.access(above, os.W_OK | os.X_OK)


__all__ = ["can_be_made", "exposures", "nearest_folder"]
