"""How diskcache may read and write its folder here: raw bytes under text keys, and nothing else.

diskcache's own `Disk` unpickles what a row tells it to, and opens and removes whatever path a row
names (CVE-2025-69872 is of this kind; its JSON disk does the same). This one has none of its code:
a row of any other form reads as missing, and a path that we did not make is never touched.
"""

import errno
import os
import re
import sqlite3
import zlib
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

MODE_RAW: Final = 1
MODE_BINARY: Final = 2
FILE_NAME: Final = re.compile(r"[0-9a-f]{2}/[0-9a-f]{30}\.val")
"""Where a value's file is, below the folder."""

_PRIVATE_FILE: Final = 0o600
_PRIVATE_FOLDER: Final = 0o700


class RawDisk:
    """What a diskcache `Disk` has to do; see `disk_type` for the class that diskcache takes.

    diskcache takes an `OSError` from here for "not there".
    """

    def __init__(self, directory: str, min_file_size: int = 0, pickle_protocol: int = 0) -> None:
        self._folder = Path(directory)
        self.min_file_size = min_file_size
        self.pickle_protocol = pickle_protocol  # A setting that diskcache insists on; unused.

    def hash(self, key: object) -> int:
        """A portable hash of the key."""
        return zlib.adler32(self.put(key)[0].encode())

    def put(self, key: object) -> tuple[str, bool]:
        """The key's columns: itself, raw."""
        if type(key) is not str:
            message = "keys are text"
            raise TypeError(message)
        return key, True

    def get(self, key: object, raw: object) -> str:
        """The key of a row."""
        if type(key) is not str or not raw:
            _refuse("a key that is no text")
        return key

    def store(
        self,
        value: object,
        read: object,
        key: object = None,  # noqa: ARG002 - diskcache's signature
    ) -> tuple[int, int, str | None, sqlite3.Binary | None]:
        """A value's columns size, mode, filename and value; large ones become files."""
        if type(value) is not bytes or read:
            message = "values are bytes"
            raise TypeError(message)
        if len(value) < self.min_file_size:
            return 0, MODE_RAW, None, sqlite3.Binary(value)
        name, path = self.filename()
        _write(Path(path), value)
        return len(value), MODE_BINARY, name, None

    def fetch(self, mode: object, filename: object, value: object, read: object) -> object:
        """The bytes of a row; with `read`, an open file where there is one."""
        if mode == MODE_RAW and filename is None and type(value) is bytes:
            return value
        if mode != MODE_BINARY or value is not None:
            _refuse("a value that is no bytes")
        reader = self._open(filename)
        if read:
            return reader
        with reader:
            return reader.read()

    def filename(self, key: object = None, value: object = None) -> tuple[str, str]:  # noqa: ARG002
        """A new place for a value: relative, and whole."""
        text = os.urandom(16).hex()
        name = f"{text[:2]}/{text[2:]}.val"
        return name, str(self._folder / name)

    def remove(self, file_path: object) -> None:
        """Remove a value's file. What is not there, or not ours, is left."""
        if type(file_path) is str and FILE_NAME.fullmatch(file_path):
            (self._folder / file_path).unlink(missing_ok=True)

    def _open(self, filename: object) -> BinaryIO:
        if type(filename) is not str or not FILE_NAME.fullmatch(filename):
            _refuse("a file name that is none of ours")
        place = self._folder / filename
        if place.parent.is_symlink():
            _refuse("a folder that leads elsewhere")
        # A link would lead out, and a pipe would block for ever.
        handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        return os.fdopen(handle, "rb")


def _write(place: Path, value: bytes) -> None:
    place.parent.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(place, flags, _PRIVATE_FILE)
    try:
        with os.fdopen(handle, "wb") as writer:
            writer.write(value)
    except OSError:
        place.unlink(missing_ok=True)
        raise


def _refuse(what: str) -> NoReturn:
    raise OSError(errno.EINVAL, f"the file cache holds {what}")


def disk_type(base: type) -> type:
    """A subclass of diskcache's `Disk`, which it insists on, of which nothing is used."""
    return type("RawBytesDisk", (RawDisk, base), {})


__all__ = ["FILE_NAME", "RawDisk", "disk_type"]
