"""The disk store's folder: where it is, whose it is, and who may look into it.

Nothing in here opens the database. What is not safe is refused with what to do about it.
"""

import os
import stat
from pathlib import Path
from typing import Final

from agent_host.errors import ConfigurationError, StoreUnavailableError
from agent_host.private_folder import MODE, make_folder

SCHEME: Final = "disk://"
DEFAULT_FOLDER: Final = ".agent-host"
DATABASE: Final = "state.db"
LOCK: Final = "lock"
QUARANTINE: Final = "quarantine"
COMPANIONS: Final = ("-wal", "-shm", "-journal")
"""What SQLite puts beside a database, by suffix. They get the database's own permissions."""

_FILE_MODE: Final = 0o600
_OTHERS: Final = 0o077
_ANOTHER: Final = (
    "Let this user write there, or name another folder: `store` (--store, AGENT_HOST_STORE)."
)


def folder_of_url(url: str) -> Path:
    """The folder of `disk:///absolute`, `disk://relative`, or `disk://` for `.agent-host`.

    What follows `disk://` is a path as it stands; nothing in it is decoded.

    Raises:
        ConfigurationError: it is not such a URL.
    """
    text = url.removeprefix(SCHEME)
    if text == url or "\0" in text or "?" in text or "#" in text:
        raise ConfigurationError(
            "store: expected disk:///path/to/a/folder, disk://folder, or disk:// for "
            f"./{DEFAULT_FOLDER}; a path with ? or # cannot be named."
        )
    return Path(text or DEFAULT_FOLDER)


def prepare_folder(folder: Path) -> None:
    """Make the folder if it is not there, for its owner only; check it if it is.

    Raises:
        ConfigurationError: it is not a folder, is a link, somebody else's, or open to others.
        StoreUnavailableError: it cannot be made.
    """
    try:
        make_folder(folder)
        status = folder.lstat()
    except (FileExistsError, NotADirectoryError) as error:
        raise _unsuitable(folder, "is not a folder") from error
    except OSError as error:
        message = f"The store's folder {folder} cannot be made: {error.strerror}. {_ANOTHER}"
        raise StoreUnavailableError(message) from error
    if stat.S_ISLNK(status.st_mode):
        raise _unsuitable(folder, "is a symbolic link; name the folder it leads to")
    if not stat.S_ISDIR(status.st_mode):
        raise _unsuitable(folder, "is not a folder")
    if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        raise _unsuitable(folder, "belongs to somebody else; name a new folder inside it")
    if os.name == "posix" and status.st_mode & _OTHERS:
        # Made by hand for us, or ours already: then closing it surprises nobody.
        if any(folder.iterdir()) and not (folder / DATABASE).is_file():
            raise _unsuitable(
                folder, f"is open to others; run: chmod 700 {folder}, or name a new folder inside"
            )
        folder.chmod(MODE)


def prepare_file(path: Path) -> int:
    """Open a file of ours for reading and writing, made if it is not there, for its owner only.

    Returns the descriptor.

    Raises:
        ConfigurationError: it is a link, or no plain file.
        StoreUnavailableError: it cannot be opened.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    if path.is_symlink():
        raise _unsuitable(path, "is a symbolic link")
    if path.exists() and not path.is_file():
        raise _unsuitable(path, "is not a plain file")
    try:
        descriptor = os.open(path, flags, _FILE_MODE)
    except OSError as error:
        message = f"The store's file {path} cannot be opened: {error.strerror}. {_ANOTHER}"
        raise StoreUnavailableError(message) from error
    if os.name == "posix" and os.fstat(descriptor).st_mode & _OTHERS:
        os.fchmod(descriptor, _FILE_MODE)
    return descriptor


def prepare_database(folder: Path) -> Path:
    """The database's path; the file is there, perhaps empty, and nobody planted a link beside."""
    path = folder / DATABASE
    os.close(prepare_file(path))
    for suffix in COMPANIONS:
        companion = Path(f"{path}{suffix}")
        if companion.is_symlink():
            raise _unsuitable(companion, "is a symbolic link")
    return path


def _unsuitable(path: Path, what: str) -> ConfigurationError:
    return ConfigurationError(f"store: {path} {what}.")


__all__ = [
    "COMPANIONS",
    "DATABASE",
    "DEFAULT_FOLDER",
    "LOCK",
    "QUARANTINE",
    "SCHEME",
    "folder_of_url",
    "prepare_database",
    "prepare_file",
    "prepare_folder",
]
