"""Reads the Markdown files of one folder, within bounds, and nothing outside it.

It knows files, not what they say. Everything here blocks: call it from a thread.
"""

import logging
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)
_SUFFIX: Final = ".md"
_SKIPPED_FOLDERS: Final = frozenset({"node_modules", "__pycache__", "site-packages"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStamp:
    """A file as it was seen: equal stamps mean an unchanged file."""

    path: str
    size_bytes: int
    modified_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkdownFolder:
    """The `*.md` files below `root`; with `entries`, only those files and folders of it.

    A linked file is read if it leads to a place inside; linked folders, hidden files and folders
    and files beyond the bounds are passed over.
    """

    root: Path
    entries: tuple[str, ...] = (".",)
    file_limit: int = 2_000
    file_limit_bytes: int = 1024 * 1024
    total_limit_bytes: int = 16 * 1024 * 1024

    def scan(self) -> tuple[FileStamp, ...]:
        """The files to read, sorted by path, whose names are relative to `root`, with slashes."""
        inside = self._inside()
        stamps: list[FileStamp] = []
        total_bytes = 0
        for path in sorted(self._files(inside)):
            stamp = self._stamp(path, inside)
            if stamp is None:
                continue
            total_bytes += stamp.size_bytes
            if len(stamps) == self.file_limit or total_bytes > self.total_limit_bytes:
                _log.debug("documents beyond the bounds are left out: kept=%d", len(stamps))
                break
            stamps.append(stamp)
        return tuple(stamps)

    def read(self, stamp: FileStamp) -> str:
        """The file's text; bytes that are not UTF-8 become replacement characters.

        A file that is gone, or leads elsewhere by now, is an empty one.
        """
        resolved = _resolve(self.root / stamp.path, self._inside())
        if resolved is None:
            return ""
        try:
            with resolved.open("rb") as file:
                content = file.read(self.file_limit_bytes)
        except OSError as error:
            _log.warning("a document could not be read: errno=%s", error.errno)
            return ""
        return content.decode(errors="replace")

    def _inside(self) -> tuple[Path, ...]:
        """The entries that are where they seem to be."""
        root = self.root.resolve()
        entries = ((self.root / entry).resolve() for entry in self.entries)
        return tuple(entry for entry in entries if entry.is_relative_to(root))

    def _files(self, inside: tuple[Path, ...]) -> Iterator[Path]:
        for entry in (self.root / name for name in self.entries):
            if entry.resolve() not in inside:
                continue
            if entry.is_file():
                yield entry
                continue
            for folder, folders, names in os.walk(entry):
                folders[:] = [name for name in folders if not _is_skipped(name)]
                for name in names:
                    if name.lower().endswith(_SUFFIX) and not _is_skipped(name):
                        yield Path(folder, name)

    def _stamp(self, path: Path, inside: tuple[Path, ...]) -> FileStamp | None:
        try:
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode):
                resolved = _resolve(path, inside)
                if resolved is None:
                    return None
                status = resolved.stat()
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode) or status.st_size > self.file_limit_bytes:
            return None
        return FileStamp(
            path=path.relative_to(self.root).as_posix(),
            size_bytes=status.st_size,
            modified_ns=status.st_mtime_ns,
        )


def _resolve(path: Path, inside: tuple[Path, ...]) -> Path | None:
    """Where the path really leads, or None if that is nowhere or outside."""
    try:
        resolved = path.resolve(strict=True)
    except (OSError, RuntimeError):  # gone, or a circle of links
        return None
    return resolved if any(resolved.is_relative_to(entry) for entry in inside) else None


def _is_skipped(name: str) -> bool:
    return name.startswith(".") or name in _SKIPPED_FOLDERS


__all__ = ["FileStamp", "MarkdownFolder"]
