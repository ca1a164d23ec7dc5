"""The file that API keys are kept in: versioned JSON, replaced as a whole, read by many.

Knows no secret and decides nothing about anybody. A file that is damaged, of a newer version or
open to others' writing is refused: it is never taken for one without keys.
"""

import os
import re
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, TypeAlias

from agent_host.authentication.api_key import ApiKey
from agent_host.authentication.atomic_file import exclusive, replace_file
from agent_host.codec import VersionedCodec
from agent_host.errors import ConfigurationError, UnreadableRecordError
from agent_host.private_folder import make_folder

_ID: Final = re.compile(r"[0-9A-Za-z]{1,64}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTable:
    """All that is in the file."""

    keys: tuple[ApiKey, ...]


KEY_TABLE_CODEC = VersionedCodec("api_keys", 1, KeyTable)

Stamp: TypeAlias = tuple[int, int, int, int]
"""Differs once the file was changed or replaced."""


class ApiKeyFile:
    """One file. Every call does blocking I/O: keep it off an event loop."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def exists(self) -> bool:
        """Whether there is anything to read. What cannot be looked at is there, so that a closed
        folder is never taken for a host without keys: `read` then says what is wrong.
        """
        try:
            self.path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return True

    def stamp(self) -> Stamp | None:
        """What changes with the file; None if it is not there, or cannot be looked at."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def read(self) -> tuple[ApiKey, ...]:
        """Every key, revoked and expired ones too.

        Raises:
            ConfigurationError: there is no file, or one that cannot be trusted.
        """
        try:
            with self.path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                payload = file.read()
        except FileNotFoundError as error:
            message = (
                f"There is no key file {self.path} (`access.keys_file`). Make the first key with "
                "`agent-host keys create NAME`."
            )
            raise ConfigurationError(message) from error
        except OSError as error:
            message = (
                f"The key file {self.path} (`access.keys_file`) cannot be read: {error.strerror}."
            )
            raise ConfigurationError(message) from error
        if os.name == "posix" and mode & _OTHERS_WRITE:
            message = (
                f"The key file {self.path} can be written by other users of this machine, who "
                f"could let themselves in. Check what is in it, then: chmod 600 {self.path}"
            )
            raise ConfigurationError(message)
        return self._decode(payload)

    def update(self, change: Callable[[tuple[ApiKey, ...]], Iterable[ApiKey]]) -> None:
        """Replace the keys by what `change` makes of them, while no other process does so.

        Makes the file, and its folder, if they are not there. Readers see all of the change or
        nothing of it, a crash included.

        Raises:
            ConfigurationError: see `read`; or it cannot be written.
        """
        try:
            # What a link leads to is replaced, and not the link.
            path = Path(os.path.realpath(self.path))
            make_folder(path.parent)
            with exclusive(path):
                before = self.read() if path.exists() else ()
                table = KeyTable(keys=tuple(change(before)))
                replace_file(path, KEY_TABLE_CODEC.encode(table) + b"\n")
        except OSError as error:
            message = (
                f"The key file {self.path} (`access.keys_file`, --file) cannot be written: "
                f"{error.strerror or error}."
            )
            raise ConfigurationError(message) from error

    def _decode(self, payload: bytes) -> tuple[ApiKey, ...]:
        try:
            keys = KEY_TABLE_CODEC.decode(payload).keys
        except UnreadableRecordError as error:
            message = (
                f"The key file {self.path} is damaged, or was written by a newer release. Nobody "
                "gets in with it. Restore it from a backup, or move it away and make new keys with "
                "`agent-host keys create NAME`."
            )
            raise ConfigurationError(message) from error
        well_formed = all(_ID.fullmatch(key.id) and _DIGEST.fullmatch(key.digest) for key in keys)
        aware = all(moment.tzinfo is not None for key in keys for moment in _moments(key))
        if not well_formed or not aware or len({key.id for key in keys}) != len(keys):
            message = (
                f"The key file {self.path} has doubled or malformed entries. Nobody gets in with "
                "it. Restore it from a backup."
            )
            raise ConfigurationError(message)
        return keys


def _moments(key: ApiKey) -> Iterable[datetime]:
    return (m for m in (key.created_at, key.expires_at, key.revoked_at) if m is not None)


__all__ = ["KEY_TABLE_CODEC", "ApiKeyFile", "KeyTable", "Stamp"]
