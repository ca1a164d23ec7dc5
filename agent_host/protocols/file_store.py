"""The seam to file bytes: a bounded cache that records refer to. One file per backend.

A cache and no archive: what is in it may be evicted at any time, so whoever reads must know what to
do without. What an implementation owes is tested by `agent_host.testing.file_store_suite`.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from agent_host.types.file import FileContent
from agent_host.types.identifier import FileId
from agent_host.types.principal import Owner


class FileStream(Protocol):
    """A file that is read piece by piece. Closed by whoever opened it; closing twice is fine."""

    @property
    def media_type(self) -> str:
        """As it was put."""
        ...

    @property
    def name(self) -> str | None:
        """As it was put."""
        ...

    @property
    def size_bytes(self) -> int:
        """All of it."""
        ...

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Its bytes, in order. They stay readable if the file is evicted meanwhile."""
        ...

    async def aclose(self) -> None:
        """Give back what reading holds."""
        ...


class FileStore(AbstractAsyncContextManager["FileStore", None], Protocol):
    """Bytes by owner. Entered once before use and left once after; calls outside raise
    `StoreUnavailableError`.

    An id is made of the owner and all of the content, by a digest: the same file of one owner is
    kept once, and putting it again is harmless. It is looked up under the owner only, so a foreign
    one reads as missing. Any text may be asked for as an id. Bytes that are not what their id says
    are never returned by `get`.
    """

    @property
    def file_limit_bytes(self) -> int:
        """The most that one file may have."""
        ...

    async def put(self, owner: Owner, content: FileContent) -> FileId:
        """Keep it; older files may have to go. Once this has returned, `kill -9` does not lose it
        where the store is on disk, but room may.

        Raises:
            TooLargeError: it has more than `file_limit_bytes`; the text names the setting.
            StoreUnavailableError: it cannot be written.
        """
        ...

    async def get(self, owner: Owner, file_id: str) -> FileContent | None:
        """The whole file, None if it is not there, not the owner's or damaged."""
        ...

    async def open(self, owner: Owner, file_id: str) -> FileStream | None:
        """The file to be read piece by piece, None as with `get`."""
        ...

    async def size(self, owner: Owner, file_id: str) -> int | None:
        """Its number of bytes, without reading them; None as with `get`."""
        ...

    async def delete(self, owner: Owner, file_id: str) -> None:
        """Forget it; what is not there is no error."""
        ...

    async def ids(
        self, owner: Owner, *, after: str | None = None, limit: int = 100
    ) -> Sequence[FileId]:
        """The owner's files, by id, behind `after`."""
        ...

    async def erase(self, owner: Owner) -> int:
        """Forget all of the owner's files, and leave nothing of them in the store's own
        files. How many there were.

        Raises:
            StoreUnavailableError: it cannot be done now; some may be gone.
        """
        ...


__all__ = ["FileStore", "FileStream"]
