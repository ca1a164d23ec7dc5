"""Sole ownership of the disk store's folder, by a lock that the kernel gives up with the process.

The lock is on a file of its own, since closing any descriptor of the database would drop SQLite's.
The file says who holds it, for the message that the next one gets; only the lock counts.
"""

import contextlib
import os
import socket
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson

from agent_host.errors import ConfigurationError
from agent_host.stores.disk_folder import LOCK, prepare_file

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

_HOLDER_BYTES: Final = 4096


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
        """Who has the folder, as far as the file says."""
        try:
            text = (self._folder / LOCK).read_bytes()[:_HOLDER_BYTES]
            known = orjson.loads(text)
            pid, host, since = int(known["pid"]), str(known["host"]), str(known["since"])
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"
        return f"process {pid} on {host} since {since}"


__all__ = ["FolderLock"]
