"""A store in front of another, that can be slow like a disk, and be cut off as by `kill -9`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from itertools import cycle
from types import TracebackType
from typing import Self, TypeVar

from agent_host.errors import StoreUnavailableError
from agent_host.protocols.state_store import StateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.types.store import Key, Lease, Record, StreamSlice, Write

T = TypeVar("T")


class SeverableStore:
    """Once `cut`, nothing that its process does reaches the store behind it any more.

    With `suspends`, every call lets others run before and after it reaches that store, so that
    races of a slow store show over a fast one. `clock` is told while calls are under way.
    """

    def __init__(
        self, store: StateStore, *, suspends: bool = False, clock: ManualClock | None = None
    ) -> None:
        self._store = store
        self._clock = clock or ManualClock()
        self._suspends = suspends
        self._pauses = cycle((1, 3, 2, 5))
        self.cut = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cut = True

    @property
    def durable(self) -> bool:
        return self._store.durable

    @property
    def shared(self) -> bool:
        return self._store.shared

    async def check(self) -> None:
        await self._reach(lambda store: store.check())

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        return await self._reach(lambda store: store.commit(writes, fence=fence))

    async def get(self, key: Key) -> Record | None:
        return await self._reach(lambda store: store.get(key))

    async def scan(
        self,
        collection: str,
        partition: str,
        *,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Sequence[Record]:
        return await self._reach(
            lambda store: store.scan(
                collection, partition, after=after, limit=limit, newest_first=newest_first
            )
        )

    async def read(self, stream: Key, *, start: int = 0, limit: int = 1000) -> StreamSlice:
        return await self._reach(lambda store: store.read(stream, start=start, limit=limit))

    async def read_last(self, stream: Key, *, limit: int) -> StreamSlice:
        return await self._reach(lambda store: store.read_last(stream, limit=limit))

    async def wait(self, stream: Key, *, length: int, at_most: timedelta) -> bool:
        return await self._reach(lambda store: store.wait(stream, length=length, at_most=at_most))

    async def acquire(
        self, name: Key, *, holder: str, time_to_live: timedelta, wait: timedelta = timedelta()
    ) -> Lease | None:
        return await self._reach(
            lambda store: store.acquire(name, holder=holder, time_to_live=time_to_live, wait=wait)
        )

    async def renew(self, lease: Lease, *, time_to_live: timedelta) -> None:
        await self._reach(lambda store: store.renew(lease, time_to_live=time_to_live))

    async def release(self, lease: Lease) -> None:
        await self._reach(lambda store: store.release(lease))

    async def _reach(self, call: Callable[[StateStore], Awaitable[T]]) -> T:
        await self._pause()
        if self.cut:
            message = "The process was killed."
            raise StoreUnavailableError(message)
        self._clock.at_work += 1
        try:
            answer = await call(self._store)
        finally:
            self._clock.at_work -= 1
        await self._pause()
        return answer

    async def _pause(self) -> None:
        if self._suspends:
            for _ in range(next(self._pauses)):
                await asyncio.sleep(0)


__all__ = ["SeverableStore"]
