"""Who waits for a stream to grow, in a store that one process owns."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from agent_host.errors import StoreUnavailableError
from agent_host.protocols.clock import Clock
from agent_host.system import settled_within
from agent_host.types.store import Append, Key, Write


class StreamWaits:
    """Those who wait, by stream, on one event loop. A stream nobody waits for costs nothing."""

    __slots__ = ("_clock", "_readers")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._readers: dict[Key, dict[asyncio.Future[bool], int]] = {}

    def __bool__(self) -> bool:
        return bool(self._readers)

    def enter(self, stream: Key, length: int) -> asyncio.Future[bool]:
        """What is set once the stream has more than `length` entries. To be left with `leave`."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._readers.setdefault(stream, {})[future] = length
        return future

    def leave(self, stream: Key, future: asyncio.Future[bool]) -> None:
        """Stop waiting."""
        readers = self._readers[stream]
        del readers[future]
        if not readers:
            del self._readers[stream]
        future.cancel()

    async def outlast(self, future: asyncio.Future[bool], at_most: timedelta) -> bool:
        """Whether the stream grew before `at_most` was over."""
        return await settled_within(future, at_most.total_seconds(), clock=self._clock)

    def wake(self, writes: Sequence[Write], outcome: Sequence[int]) -> None:
        """Tell those who wait for what these writes appended."""
        for write, length in zip(writes, outcome, strict=True):
            readers = self._readers.get(write.stream) if isinstance(write, Append) else None
            for future, known in (readers or {}).items():
                if length > known and not future.done():
                    future.set_result(True)

    def close(self) -> None:
        """Send everybody away with `StoreUnavailableError`."""
        for readers in self._readers.values():
            for future in readers:
                if not future.done():
                    future.set_exception(StoreUnavailableError("The store was closed."))


__all__ = ["StreamWaits"]
