"""File bytes in a folder: diskcache for what it is made for, a bounded cache that evicts.

All its calls are made in one thread, which holds the one connection. What a row says is believed
only as far as it goes with the digest that its key is.
"""

import asyncio
import importlib
import json
import logging
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, NamedTuple, Self, TypeVar, cast

from agent_host.errors import StoreUnavailableError
from agent_host.stores.file_digest import CHUNK_BYTES, check_size, file_id_of, is_file_id
from agent_host.stores.file_folder import (
    clear,
    list_keys,
    make_private,
    put_right,
    rewrite,
)
from agent_host.stores.memory_file import FILE_LIMIT_BYTES, HeldFile
from agent_host.stores.raw_disk import disk_type
from agent_host.types.file import FileContent
from agent_host.types.identifier import FileId
from agent_host.types.principal import Owner

LIMIT_BYTES: Final = 1024 * 1024 * 1024

_KEPT: Final = 2
_PAGE: Final = 100
_LABEL_VERSION: Final = 1
_ROOM: Final = "room"
"""A key that no file has."""

_LOG: Final = logging.getLogger(__name__)
_SETTINGS: Final = {
    "statistics": 0,
    "tag_index": 0,
    "eviction_policy": "least-recently-used",
    "cull_limit": 1,  # more at once would push out what there is room for
    "sqlite_auto_vacuum": 1,
    "sqlite_cache_size": 2048,
    "sqlite_journal_mode": "wal",
    "sqlite_mmap_size": 0,
    "sqlite_synchronous": 1,
    "disk_min_file_size": 16 * 1024,
    "disk_pickle_protocol": 0,
}
"""All that diskcache has, so that none is taken from the folder."""

T = TypeVar("T")


class _Label(NamedTuple):
    """What a row says of its file."""

    media_type: str
    name: str | None
    size_bytes: int


class OpenFile:
    """The `FileStream` of a file on disk, read in other threads than the loop's."""

    def __init__(self, reader: BinaryIO, label: _Label) -> None:
        self.reader = reader
        self._label = label

    @property
    def media_type(self) -> str:
        """As it was put."""
        return self._label.media_type

    @property
    def name(self) -> str | None:
        """As it was put."""
        return self._label.name

    @property
    def size_bytes(self) -> int:
        """All of it."""
        return self._label.size_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await asyncio.to_thread(self.reader.read, CHUNK_BYTES):
            yield chunk

    async def aclose(self) -> None:
        """Close the file."""
        await asyncio.to_thread(self.reader.close)


class DiskFileStore:
    """`FileStore` in `folder`, which is made if need be. `limit_bytes` bounds all of it; past it
    the least recently used go.

    A file is complete once `put` has returned, whatever happens to the process; a power cut may
    take the newest, which then read as missing.
    """

    def __init__(
        self,
        folder: Path,
        *,
        limit_bytes: int = LIMIT_BYTES,
        file_limit_bytes: int = FILE_LIMIT_BYTES,
    ) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._file_limit_bytes = min(file_limit_bytes, limit_bytes)
        self._thread: ThreadPoolExecutor | None = None
        self._cache: Any = None
        self._failures: tuple[type[Exception], ...] = ()

    @property
    def file_limit_bytes(self) -> int:
        """The most that one file may have."""
        return self._file_limit_bytes

    async def __aenter__(self) -> Self:
        """Open the folder.

        Raises:
            ConfigurationError: it cannot be used.
        """
        self._thread = ThreadPoolExecutor(1, "agent-host-files")
        try:
            self._cache = await self._call(self._open_cache)
        except BaseException:
            self._thread.shutdown()
            self._thread = None
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        thread, cache = self._thread, self._cache
        if thread is not None:
            await self._call(cache.close)
            self._thread = self._cache = None
            thread.shutdown()

    async def put(self, owner: Owner, content: FileContent) -> FileId:
        """Keep it; the least recently used go if there is no room."""
        check_size(content, self._file_limit_bytes)
        return await self._call(self._put, owner, content)

    async def get(self, owner: Owner, file_id: str) -> FileContent | None:
        """The whole file, if it is what its id says."""
        return await self._call(self._get, owner, file_id)

    async def open(self, owner: Owner, file_id: str) -> OpenFile | HeldFile | None:
        """The file in pieces."""
        return await self._call(self._open, owner, file_id)

    async def size(self, owner: Owner, file_id: str) -> int | None:
        """Its number of bytes."""
        stream = await self.open(owner, file_id)
        if stream is None:
            return None
        await stream.aclose()
        return stream.size_bytes

    async def delete(self, owner: Owner, file_id: str) -> None:
        """Forget it."""
        await self._call(self._delete, owner, file_id)

    async def ids(
        self, owner: Owner, *, after: str | None = None, limit: int = 100
    ) -> Sequence[FileId]:
        """The owner's files, by id."""
        return await self._call(self._find_ids, owner, after, limit)

    async def erase(self, owner: Owner) -> int:
        """Forget all of the owner's files, and write the folder's database anew without them."""
        return await self._call(self._erase, owner)

    async def _call(self, function: Callable[..., T], *arguments: object) -> T:
        if self._thread is None:
            message = "The file store is not open."
            raise StoreUnavailableError(message)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, function, *arguments)

    def _open_cache(self) -> object:
        folder = Path(os.path.abspath(self._folder))  # noqa: PTH100 - as it is named, links and all
        make_private(folder)
        try:
            put_right(folder)
            return self._make_cache(folder)
        except (sqlite3.Error, TypeError, ValueError, AttributeError):
            clear(folder)
            make_private(folder)
            return self._make_cache(folder)

    def _make_cache(self, folder: Path) -> object:
        library: Any = importlib.import_module("diskcache")  # it has no types
        self._failures = (OSError, sqlite3.Error, library.Timeout)
        return library.Cache(
            str(folder),
            timeout=5,
            disk=disk_type(library.Disk),
            size_limit=self._limit_bytes,
            **_SETTINGS,
        )

    def _put(self, owner: Owner, content: FileContent) -> FileId:
        file_id = file_id_of(owner, content)
        label = json.dumps([_LABEL_VERSION, content.media_type, content.name, len(content.data)])
        try:
            kept = self._cache.set(_key(owner, file_id), content.data, tag=label)
            self._make_room()
        except self._failures as error:
            message = "A file cannot be kept: files.folder cannot be written."
            raise StoreUnavailableError(message) from error
        if not kept:
            message = "A file cannot be kept: files.folder is busy."
            raise StoreUnavailableError(message)
        return file_id

    def _make_room(self) -> None:
        # Each `set` evicts one file while there are too many, and `cull` ten where one would do.
        while self._cache.volume() > self._limit_bytes and len(self._cache) > _KEPT:
            self._cache.set(_ROOM, b"")

    def _get(self, owner: Owner, file_id: str) -> FileContent | None:
        found = self._open(owner, file_id)
        if isinstance(found, OpenFile):
            with found.reader as reader:
                content = FileContent(
                    media_type=found.media_type, data=reader.read(), name=found.name
                )
            return self._checked(owner, file_id, content)
        return None if found is None else found.content

    def _open(self, owner: Owner, file_id: str) -> OpenFile | HeldFile | None:
        if not is_file_id(file_id):
            return None
        try:
            value, tag = self._cache.get(_key(owner, file_id), read=True, tag=True)
        except self._failures as error:
            _LOG.warning("a file cannot be read from the file cache: %s", type(error).__name__)
            return None
        label = None if value is None else _read_label(tag)
        if isinstance(value, bytes):
            content = None
            if label is not None:
                content = FileContent(media_type=label.media_type, data=value, name=label.name)
            whole = self._checked(owner, file_id, content)
            return None if whole is None else HeldFile(whole)
        if value is None:
            return None
        reader = cast("BinaryIO", value)
        if label is not None and os.fstat(reader.fileno()).st_size == label.size_bytes:
            return OpenFile(reader, label)
        reader.close()
        self._checked(owner, file_id, None)
        return None

    def _checked(
        self, owner: Owner, file_id: str, content: FileContent | None
    ) -> FileContent | None:
        """The content, if its id is its digest; else it is forgotten."""
        if content is not None and file_id_of(owner, content) == file_id:
            return content
        _LOG.warning("a file in the file cache is damaged and was dropped")
        self._delete(owner, file_id)
        return None

    def _find_ids(self, owner: Owner, after: str | None, limit: int) -> list[FileId]:
        prefix = _key(owner, "")
        try:
            keys = list_keys(self._folder, prefix, after=after, limit=limit)
        except self._failures as error:
            message = "The files cannot be listed: files.folder cannot be read."
            raise StoreUnavailableError(message) from error
        return [FileId(key.removeprefix(prefix)) for key in keys]

    def _erase(self, owner: Owner) -> int:
        count, after = 0, None
        while ids := self._find_ids(owner, after, _PAGE):
            try:
                for file_id in ids:
                    self._cache.delete(_key(owner, file_id))
            except self._failures as error:
                message = "Files cannot be forgotten: files.folder cannot be written."
                raise StoreUnavailableError(message) from error
            count, after = count + len(ids), ids[-1]
        try:
            rewrite(self._folder)
        except self._failures as error:
            message = "Erased files may leave a trace: files.folder cannot be written."
            raise StoreUnavailableError(message) from error
        return count

    def _delete(self, owner: Owner, file_id: str) -> None:
        if not is_file_id(file_id):
            return
        try:
            self._cache.delete(_key(owner, file_id))
        except self._failures as error:
            message = "A file cannot be forgotten: files.folder cannot be written."
            raise StoreUnavailableError(message) from error


def _key(owner: Owner, file_id: str) -> str:
    partition = owner.partition
    return f"{len(partition)}.{partition}.{file_id}"


def _read_label(tag: object) -> _Label | None:
    try:
        read: object = json.loads(tag) if isinstance(tag, str) else None
    except (ValueError, RecursionError):
        return None
    match read:
        case [int(version), str(media_type), str() | None as name, int(size)] if (
            version == _LABEL_VERSION
        ):
            return _Label(media_type, name, size)
        case _:
            return None


__all__ = ["LIMIT_BYTES", "DiskFileStore", "OpenFile"]
