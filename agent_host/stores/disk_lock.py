"""Sole ownership of the disk store's folder, by a lock that the kernel gives up with the process.

The lock is on a file of its own, since closing any descriptor of the database would drop SQLite's.
The file says who holds it, for the message that the next one gets; only the lock counts.
"""

import contextlib
import os
import socket
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from agent_host.errors import ConfigurationError
from agent_host.stores.disk_folder import LOCK, prepare_file

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

_HOLDER_BYTES: Final = 4096


class Holder(NamedTuple):
    """Who wrote into the lock's file that the folder is theirs, as they spelled it."""

    pid: int
    host: str
    since: str


class FolderLock:
    """Held from `take` until `release`, or the end of the process."""

    __slots__ = ("_descriptor", "_folder")

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def take(self, now: datetime) -> bool:
        """Whether the lock is ours; if not, try again later, or raise `refusal`."""
        if fcntl is None:  # pragma: no cover - Windows
            raise ConfigurationError("store: disk:// needs a POSIX system; use memory:// here.")
        descriptor = prepare_file(self._folder / LOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": now.isoformat()}
        os.ftruncate(descriptor, 0)
        with contextlib.suppress(OSError):  # a full disk: only the message is poorer
            os.pwrite(descriptor, orjson.dumps(holder), 0)
        self._descriptor = descriptor
        return True

    def refusal(self) -> ConfigurationError:
        """What to tell the operator when another process has the folder."""
        return ConfigurationError(
            f"The store's folder {self._folder} is in use by {self.holder()}. One process owns it: "
            "stop that one, or set `store` to another folder for this one (--store, "
            "AGENT_HOST_STORE)."
        )

    def release(self) -> None:
        """Give it up. Once is enough."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> str:
        """Who has the folder, as far as the file says, for people to read."""
        holder = read_holder(self._folder)
        if holder is None:
            return "another process"
        return f"process {holder.pid} on {holder.host} since {holder.since}"


def read_holder(folder: Path) -> Holder | None:
    """Who had the folder last, whether they still have it or not; None if nobody says."""
    try:
        text = (folder / LOCK).read_bytes()[:_HOLDER_BYTES]
        known = orjson.loads(text)
        return Holder(int(known["pid"]), str(known["host"]), str(known["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_locked(folder: Path) -> bool:
    """Whether a process has the folder now. Nothing is made or changed; whoever starts in this
    very moment finds the lock taken for an instant, and tries again.

    Raises:
        OSError: the lock's file cannot be looked at.
    """
    if fcntl is None:  # pragma: no cover - Windows
        return False
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(folder / LOCK, flags)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


__all__ = ["FolderLock", "Holder", "is_locked", "read_holder"]
