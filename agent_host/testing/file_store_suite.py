"""What every `FileStore` owes. Subclass it and give it a store."""

from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Final

import pytest

from agent_host.errors import StoreUnavailableError, TooLargeError
from agent_host.protocols.file_store import FileStore
from agent_host.types import FileContent, IsolationKey, Owner

LIMIT_BYTES: Final = 1024 * 1024
FILE_LIMIT_BYTES: Final = 300_000
ALICE: Final = Owner(tenant="t", isolation_key=IsolationKey("a"))
BOB: Final = Owner(tenant="t", isolation_key=IsolationKey("b"))
SIZES: Final = (0, 1, 16 * 1024 - 1, 16 * 1024, FILE_LIMIT_BYTES)


def content(
    data: bytes, *, media_type: str = "image/png", name: str | None = "a.png"
) -> FileContent:
    """A file."""
    return FileContent(media_type=media_type, data=data, name=name)


class FileStoreSuite:
    """The store is bounded by `LIMIT_BYTES`, a file by `FILE_LIMIT_BYTES`."""

    @abstractmethod
    def make_store(self) -> AbstractAsyncContextManager[FileStore]:
        """A store that is not entered yet."""

    @pytest.fixture
    async def store(self) -> AsyncIterator[FileStore]:
        async with self.make_store() as store:
            yield store

    @pytest.mark.parametrize("size", SIZES)
    async def test_a_file_comes_back_whole_and_in_pieces(self, store: FileStore, size: int) -> None:
        file = content(bytes(range(256)) * (size // 256) + bytes(size % 256))
        file_id = await store.put(ALICE, file)
        assert await store.get(ALICE, file_id) == file
        assert await store.size(ALICE, file_id) == size
        stream = await store.open(ALICE, file_id)
        assert stream is not None
        assert (stream.media_type, stream.name, stream.size_bytes) == ("image/png", "a.png", size)
        assert b"".join([chunk async for chunk in stream]) == file.data
        await stream.aclose()
        await stream.aclose()

    async def test_an_owners_files_are_listed_by_pages(self, store: FileStore) -> None:
        files = [await store.put(ALICE, content(bytes([number]) * 9)) for number in range(5)]
        await store.put(BOB, content(b"bob"))
        first = await store.ids(ALICE, limit=2)
        rest = await store.ids(ALICE, after=first[-1])
        assert [*first, *rest] == sorted(files)
        assert await store.ids(ALICE, after=rest[-1]) == []

    async def test_an_owners_files_are_erased_together(self, store: FileStore) -> None:
        for size in SIZES:
            await store.put(ALICE, content(bytes(size)))
        kept = await store.put(BOB, content(b"bob"))
        assert await store.erase(ALICE) == len(SIZES)
        assert await store.ids(ALICE) == []
        assert await store.erase(ALICE) == 0
        assert await store.get(BOB, kept) is not None

    async def test_a_foreign_file_reads_as_missing(self, store: FileStore) -> None:
        for size in SIZES:
            file_id = await store.put(ALICE, content(bytes(size)))
            assert await store.get(BOB, file_id) is None
            assert await store.open(BOB, file_id) is None
            assert await store.size(BOB, file_id) is None
            await store.delete(BOB, file_id)
            await store.erase(BOB)
            assert await store.get(ALICE, file_id) is not None

    async def test_the_same_file_has_one_id_and_another_owner_another(
        self, store: FileStore
    ) -> None:
        first = await store.put(ALICE, content(b"same"))
        assert await store.put(ALICE, content(b"same")) == first
        others = {
            await store.put(BOB, content(b"same")),
            await store.put(ALICE, content(b"same", name=None)),
            await store.put(ALICE, content(b"same", name="")),
            await store.put(ALICE, content(b"same", media_type="image/gif")),
        }
        assert len(others) == 4
        assert first not in others

    async def test_names_are_kept_and_mean_nothing(self, store: FileStore) -> None:
        for name in ("../../etc/passwd", "a\0b", "\ud800", "C:\\x", "é" * 300):
            file = content(b"x" * 20_000, name=name)
            assert await store.get(ALICE, await store.put(ALICE, file)) == file

    @pytest.mark.parametrize("asked", ["", "fil_", "../x", "fil_" + "g" * 64, "\0", "\ud800", "%s"])
    async def test_any_text_may_be_asked_for(self, store: FileStore, asked: str) -> None:
        assert await store.get(ALICE, asked) is None
        assert await store.open(ALICE, asked) is None
        assert await store.size(ALICE, asked) is None
        await store.delete(ALICE, asked)

    async def test_what_is_deleted_is_gone(self, store: FileStore) -> None:
        file_id = await store.put(ALICE, content(b"x" * 20_000))
        await store.delete(ALICE, file_id)
        await store.delete(ALICE, file_id)
        assert await store.get(ALICE, file_id) is None

    async def test_a_file_too_large_is_refused_by_the_name_of_its_setting(
        self, store: FileStore
    ) -> None:
        with pytest.raises(TooLargeError, match=r"files\.file_limit_bytes"):
            await store.put(ALICE, content(bytes(FILE_LIMIT_BYTES + 1)))

    async def test_the_least_recently_used_goes_first(self, store: FileStore) -> None:
        kept = await store.put(ALICE, content(bytes(200_000), name="kept"))
        left = await store.put(ALICE, content(bytes(200_000), name="left"))
        for number in range(5):
            assert await store.get(ALICE, kept) is not None
            newest = await store.put(ALICE, content(bytes(200_000), name=str(number)))
            assert await store.get(ALICE, newest) is not None
        assert await store.get(ALICE, left) is None
        assert await store.get(ALICE, kept) is not None

    async def test_a_stream_outlives_the_file(self, store: FileStore) -> None:
        file = content(b"x" * 290_000)
        file_id = await store.put(ALICE, file)
        stream = await store.open(ALICE, file_id)
        assert stream is not None
        await store.delete(ALICE, file_id)
        assert b"".join([chunk async for chunk in stream]) == file.data
        await stream.aclose()

    async def test_outside_its_block_it_is_not_available(self) -> None:
        store = await self.make_store().__aenter__()
        await store.__aexit__(None, None, None)
        with pytest.raises(StoreUnavailableError):
            await store.put(ALICE, content(b""))
        with pytest.raises(StoreUnavailableError):
            await store.get(ALICE, "fil_")


__all__ = ["ALICE", "BOB", "FILE_LIMIT_BYTES", "LIMIT_BYTES", "FileStoreSuite", "content"]
