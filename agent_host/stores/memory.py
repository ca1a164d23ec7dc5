"""A store in the memory of this process: nothing survives it, and it is bounded.

Every call does its work without giving up the loop, so commits need no lock; only `wait` and
`acquire` with a wait suspend.
"""

from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from types import TracebackType
from typing import Final, Self

from agent_host.errors import ConfigurationError, StoreUnavailableError
from agent_host.protocols.clock import Clock
from agent_host.stores.lease import LeaseTable
from agent_host.stores.memory_contents import Contents
from agent_host.stores.stream_wait import StreamWaits
from agent_host.system import SystemClock
from agent_host.types.store import Key, Lease, Record, StreamSlice, Write

LIMIT_BYTES: Final = 64 * 1024 * 1024


class MemoryStateStore:
    """`StateStore` for tests, the first minute, and hosts that may forget.

    `limit_bytes` bounds what it keeps, by an estimate that includes the cost of Python's objects.
    Past it, what has a time to live goes, least recently written first; what has none never goes.
    """

    def __init__(self, *, clock: Clock | None = None, limit_bytes: int = LIMIT_BYTES) -> None:
        self._clock = clock or SystemClock()
        self._entered = False
        self._open = False
        self._contents = Contents(limit_bytes)
        self._leases = LeaseTable(self._clock)
        self._waits = StreamWaits(self._clock)

    @classmethod
    def from_url(cls, url: str, *, clock: Clock | None = None) -> Self:
        """The store of `memory://`.

        Raises:
            ConfigurationError: the URL says more than that.
        """
        if url != "memory://":
            raise ConfigurationError(f"store = {url!r}: the memory store takes no more: memory://")
        return cls(clock=clock)

    async def __aenter__(self) -> Self:
        if self._entered:
            message = "A store is entered once."
            raise StoreUnavailableError(message)
        self._entered = self._open = True
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open = False
        self._leases.close()
        self._contents = Contents(0)
        self._waits.close()

    @property
    def durable(self) -> bool:
        """False: nothing survives the process."""
        return False

    @property
    def shared(self) -> bool:
        """False: it is this process's own."""
        return False

    @property
    def size_bytes(self) -> int:
        """What it keeps now, by the estimate that the bound is held against."""
        return self._contents.size_bytes

    async def check(self) -> None:
        """Return if the store is open."""
        self._check_open()

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        """Do all the writes, in order, or none."""
        self._check_open()
        if fence is not None:
            self._leases.check(fence)
        outcome = self._contents.commit(writes, self._clock.monotonic())
        if self._waits:
            self._waits.wake(writes, outcome)
        return outcome

    async def get(self, key: Key) -> Record | None:
        """The record, or None."""
        self._check_open()
        record = self._contents.record(key, self._clock.monotonic())
        return None if record is None else Record(key, record.value, record.version)

    async def scan(
        self,
        collection: str,
        partition: str,
        *,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Sequence[Record]:
        """Records of one partition by id, ascending or descending."""
        self._check_open()
        now = self._clock.monotonic()
        found = self._contents.records(
            collection, partition, after=after, newest_first=newest_first, now=now
        )
        return [Record(one.key, one.value, one.version) for one in islice(found, limit)]

    async def read(self, stream: Key, *, start: int = 0, limit: int = 1000) -> StreamSlice:
        """Entries from position `start` on."""
        self._check_open()
        found = self._contents.stream(stream, self._clock.monotonic())
        if found is None:
            return StreamSlice(start, (), 0)
        entries = found.entries
        return StreamSlice(start, tuple(entries[start : start + limit]), len(entries))

    async def read_last(self, stream: Key, *, limit: int) -> StreamSlice:
        """The last `limit` entries, oldest first."""
        self._check_open()
        found = self._contents.stream(stream, self._clock.monotonic())
        if found is None:
            return StreamSlice(0, (), 0)
        entries = found.entries
        first = max(0, len(entries) - limit)
        return StreamSlice(first, tuple(entries[first:]), len(entries))

    async def wait(self, stream: Key, *, length: int, at_most: timedelta) -> bool:
        """Block until the stream has more than `length` entries, or `at_most` is over."""
        self._check_open()
        found = self._contents.stream(stream, self._clock.monotonic())
        if found is not None and len(found.entries) > length:
            return True
        if at_most <= timedelta():
            return False
        future = self._waits.enter(stream, length)
        try:
            return await self._waits.outlast(future, at_most)
        finally:
            self._waits.leave(stream, future)

    async def acquire(
        self, name: Key, *, holder: str, time_to_live: timedelta, wait: timedelta = timedelta()
    ) -> Lease | None:
        """Sole use of `name`; those who wait for it have it in turn."""
        self._check_open()
        return await self._leases.acquire(name, holder=holder, time_to_live=time_to_live, wait=wait)

    async def renew(self, lease: Lease, *, time_to_live: timedelta) -> None:
        """Hold it for this long from now."""
        self._check_open()
        self._leases.renew(lease, time_to_live)

    async def release(self, lease: Lease) -> None:
        """Give it back."""
        self._check_open()
        self._leases.release(lease)

    def _check_open(self) -> None:
        if not self._open:
            raise _unavailable()


def _unavailable() -> StoreUnavailableError:
    return StoreUnavailableError("The store is not open.")


__all__ = ["MemoryStateStore"]
