"""A store that counts what goes through it."""

from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self

from agent_host.protocols.state_store import StateStore
from agent_host.types import Append, Key, Lease, Put, Record, StreamSlice, Write


class CountingStore:
    """Passes everything on."""

    def __init__(self, inner: StateStore) -> None:
        self._inner = inner
        self.total_bytes = self.commits = self.writes = self.reads = 0
        self.durable = inner.durable
        self.shared = inner.shared

    def reset(self) -> None:
        self.total_bytes = self.commits = self.writes = self.reads = 0

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._inner.__aexit__(kind, error, trace)

    async def check(self) -> None:
        await self._inner.check()

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        self.commits += 1
        self.writes += len(writes)
        for write in writes:
            if isinstance(write, Put):
                self.total_bytes += len(write.value)
            elif isinstance(write, Append):
                self.total_bytes += sum(map(len, write.entries))
        return await self._inner.commit(writes, fence=fence)

    async def get(self, key: Key) -> Record | None:
        self.reads += 1
        record = await self._inner.get(key)
        self.total_bytes += 0 if record is None else len(record.value)
        return record

    async def scan(
        self,
        collection: str,
        partition: str,
        *,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Sequence[Record]:
        self.reads += 1
        found = await self._inner.scan(
            collection, partition, after=after, limit=limit, newest_first=newest_first
        )
        self.total_bytes += sum(len(record.value) for record in found)
        return found

    async def read(self, stream: Key, *, start: int = 0, limit: int = 1000) -> StreamSlice:
        self.reads += 1
        found = await self._inner.read(stream, start=start, limit=limit)
        self.total_bytes += sum(map(len, found.entries))
        return found

    async def read_last(self, stream: Key, *, limit: int) -> StreamSlice:
        self.reads += 1
        found = await self._inner.read_last(stream, limit=limit)
        self.total_bytes += sum(map(len, found.entries))
        return found

    async def wait(self, stream: Key, *, length: int, at_most: timedelta) -> bool:
        return await self._inner.wait(stream, length=length, at_most=at_most)

    async def acquire(
        self, name: Key, *, holder: str, time_to_live: timedelta, wait: timedelta = timedelta()
    ) -> Lease | None:
        return await self._inner.acquire(name, holder=holder, time_to_live=time_to_live, wait=wait)

    async def renew(self, lease: Lease, *, time_to_live: timedelta) -> None:
        await self._inner.renew(lease, time_to_live=time_to_live)

    async def release(self, lease: Lease) -> None:
        await self._inner.release(lease)
