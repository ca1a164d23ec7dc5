"""File bytes in the memory of this process: bounded, the least recently used go first."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, TypeAlias

from agent_host.errors import StoreUnavailableError
from agent_host.stores.file_digest import CHUNK_BYTES, check_size, make_file_id
from agent_host.types.file import FileContent
from agent_host.types.identifier import FileId
from agent_host.types.principal import Owner

LIMIT_BYTES: Final = 256 * 1024 * 1024
FILE_LIMIT_BYTES: Final = 32 * 1024 * 1024

_OVERHEAD_BYTES: Final = 512
"""What Python keeps beside the bytes of a small file, roughly."""

_Place: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class HeldFile:
    """The `FileStream` of bytes that are in memory anyway."""

    content: FileContent

    @property
    def media_type(self) -> str:
        """As it was put."""
        return self.content.media_type

    @property
    def name(self) -> str | None:
        """As it was put."""
        return self.content.name

    @property
    def size_bytes(self) -> int:
        """All of it."""
        return len(self.content.data)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        view = memoryview(self.content.data)
        for start in range(0, len(view), CHUNK_BYTES):
            yield bytes(view[start : start + CHUNK_BYTES])

    async def aclose(self) -> None:
        """Nothing is held."""


class MemoryFileStore:
    """`FileStore` for tests and hosts that may forget. `limit_bytes` bounds all of it."""

    def __init__(
        self, *, limit_bytes: int = LIMIT_BYTES, file_limit_bytes: int = FILE_LIMIT_BYTES
    ) -> None:
        self._limit_bytes = limit_bytes
        self._file_limit_bytes = min(file_limit_bytes, limit_bytes)
        self._files: OrderedDict[_Place, FileContent] = OrderedDict()
        self._size_bytes = 0
        self._open = False

    @property
    def file_limit_bytes(self) -> int:
        """The most that one file may have."""
        return self._file_limit_bytes

    async def __aenter__(self) -> Self:
        self._open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open = False
        self._files.clear()
        self._size_bytes = 0

    async def put(self, owner: Owner, content: FileContent) -> FileId:
        """Keep it; the least recently used go if there is no room."""
        self._check_open()
        check_size(content, self._file_limit_bytes)
        file_id = await make_file_id(owner, content)
        self._check_open()
        self._forget((owner.partition, file_id))
        self._files[owner.partition, file_id] = content
        self._size_bytes += _cost(content)
        while self._size_bytes > self._limit_bytes and len(self._files) > 1:
            self._forget(next(iter(self._files)))
        return file_id

    async def get(self, owner: Owner, file_id: str) -> FileContent | None:
        """The whole file."""
        self._check_open()
        place = (owner.partition, file_id)
        content = self._files.get(place)
        if content is not None:
            self._files.move_to_end(place)
        return content

    async def open(self, owner: Owner, file_id: str) -> HeldFile | None:
        """The file in pieces."""
        content = await self.get(owner, file_id)
        return None if content is None else HeldFile(content)

    async def size(self, owner: Owner, file_id: str) -> int | None:
        """Its number of bytes."""
        self._check_open()
        content = self._files.get((owner.partition, file_id))
        return None if content is None else len(content.data)

    async def delete(self, owner: Owner, file_id: str) -> None:
        """Forget it."""
        self._check_open()
        self._forget((owner.partition, file_id))

    async def ids(
        self, owner: Owner, *, after: str | None = None, limit: int = 100
    ) -> Sequence[FileId]:
        """The owner's files, by id."""
        self._check_open()
        return self._find_ids(owner, after)[:limit]

    async def erase(self, owner: Owner) -> int:
        """Forget all of the owner's files."""
        self._check_open()
        ids = self._find_ids(owner, None)
        for file_id in ids:
            self._forget((owner.partition, file_id))
        return len(ids)

    def _find_ids(self, owner: Owner, after: str | None) -> list[FileId]:
        return sorted(
            FileId(file_id)
            for partition, file_id in self._files
            if partition == owner.partition and (after is None or file_id > after)
        )

    def _forget(self, place: _Place) -> None:
        content = self._files.pop(place, None)
        if content is not None:
            self._size_bytes -= _cost(content)

    def _check_open(self) -> None:
        if not self._open:
            message = "The file store is not open."
            raise StoreUnavailableError(message)


def _cost(content: FileContent) -> int:
    return len(content.data) + _OVERHEAD_BYTES


__all__ = ["FILE_LIMIT_BYTES", "LIMIT_BYTES", "HeldFile", "MemoryFileStore"]
