"""Small files that several processes change: one at a time, and each time as a whole."""

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_LOCK_SECONDS: Final = 10
_FILE_MODE: Final = 0o600


@contextmanager
def exclusive(path: Path) -> Generator[None]:
    """Keep other processes that use this from changing the file. They may read it.

    Raises:
        OSError: another one has been changing it for long, or the folder cannot be written.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - most servers only read

    lock = FileLock(f"{path}.lock", timeout=_LOCK_SECONDS, mode=_FILE_MODE)
    try:
        lock.acquire()
    except Timeout:
        message = f"another process has been changing it for {_LOCK_SECONDS} seconds"
        raise OSError(message) from None
    try:
        yield
    finally:
        lock.release()


def replace_file(path: Path, payload: bytes) -> None:
    """Put a new file in the place of the old one, for the owner only. After a crash there is one of
    the two, whole.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
    if os.name == "posix":  # elsewhere a folder cannot be opened
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


__all__ = ["exclusive", "replace_file"]
