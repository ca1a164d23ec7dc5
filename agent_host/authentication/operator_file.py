"""The file in a host's state folder that says how whoever owns the folder reaches its admin routes.

Versioned JSON, replaced as a whole, for its owner only. It is good for as long as the process that
wrote it lives, and that process owns the folder meanwhile: whether one does says the folder's lock.
"""

import ipaddress
import os
import stat
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from agent_host.authentication.atomic_file import replace_file
from agent_host.codec import VersionedCodec
from agent_host.errors import ConfigurationError, UnreadableRecordError

NAME: Final = "operator.json"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_LIMIT_BYTES: Final = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorPass:
    """The way in: `token` opens admin routes at `url`, on loopback, while process `pid` lives."""

    url: str
    token: str = field(repr=False)
    pid: int
    started_at: datetime


PASS_CODEC: Final = VersionedCodec("operator_pass", 1, OperatorPass)


class OperatorFile:
    """The file of one folder. Every call does a little blocking I/O."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME

    def write(self, found: OperatorPass) -> None:
        """Put it there, in the place of what an earlier process left.

        Raises:
            OSError: it cannot be written.
        """
        replace_file(self.path, PASS_CODEC.encode(found) + b"\n")

    def remove(self) -> None:
        """Take it away, if it is there.

        Raises:
            OSError: it cannot be taken away.
        """
        self.path.unlink(missing_ok=True)

    def read(self) -> OperatorPass | None:
        """What is in it; None if it is not there.

        Raises:
            ConfigurationError: it is not to be trusted, or cannot be made sense of.
        """
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            with os.fdopen(os.open(self.path, flags), "rb") as file:
                status = os.fstat(file.fileno())
                payload = file.read(_LIMIT_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            message = f"{self.path} cannot be read: {error.strerror}."
            raise ConfigurationError(message) from error
        if os.name == "posix" and status.st_mode & _OTHERS:
            message = (
                f"{self.path} is open to other users of this machine, who may have read or written "
                "it. Restart the server: it makes a new one."
            )
            raise ConfigurationError(message)
        try:
            found = PASS_CODEC.decode(payload)
        except UnreadableRecordError as error:
            message = (
                f"{self.path} is damaged, or was written by another release. Use the release that "
                "the server runs on, or restart the server with this one."
            )
            raise ConfigurationError(message) from error
        if not is_loopback_url(found.url):
            message = f"{self.path} leads away from this machine. Restart the server."
            raise ConfigurationError(message)
        return found


def is_loopback_url(url: str) -> bool:
    """Whether the URL leads to this machine, whatever a resolver says."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


__all__ = ["NAME", "PASS_CODEC", "OperatorFile", "OperatorPass", "is_loopback_url"]
