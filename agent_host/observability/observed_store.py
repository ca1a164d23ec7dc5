"""A store whose commits are timed. Reads are passed on as they are."""

from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self

from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, Span, Status, StatusCode

from agent_host import telemetry
from agent_host.errors import HostError
from agent_host.observability.instrument import Instruments
from agent_host.protocols.clock import Clock
from agent_host.protocols.scrub import ScrubbingStore
from agent_host.protocols.state_store import StateStore
from agent_host.types.principal import Owner
from agent_host.types.store import (
    Key,
    Lease,
    Record,
    SetAside,
    SetAsideEntry,
    StreamEntry,
    StreamSlice,
    Write,
)

_NO_SPAN = NonRecordingSpan(trace.INVALID_SPAN_CONTEXT)


class ObservedStore:
    """A commit has a span where it belongs to one: the runner's own book-keeping would otherwise
    be a trace for every task.
    """

    def __init__(self, store: StateStore, instruments: Instruments, clock: Clock) -> None:
        self._store = store
        self._instruments = instruments
        self._clock = clock

    async def __aenter__(self) -> Self:
        await self._store.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._store.__aexit__(exc_type, exc_value, traceback)

    @property
    def durable(self) -> bool:
        """The store's own answer."""
        return self._store.durable

    @property
    def shared(self) -> bool:
        """The store's own answer."""
        return self._store.shared

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        """The store's commit, timed whatever comes of it."""
        began = self._clock.monotonic()
        span = self._start_span(len(writes))
        attributes: dict[str, str] = {}
        try:
            outcome = await self._store.commit(writes, fence=fence)
        except Exception as error:
            code = error.code if isinstance(error, HostError) else telemetry.OTHER
            attributes[telemetry.ERROR_TYPE] = code
            span.set_attribute(telemetry.ERROR_TYPE, code)
            span.set_status(Status(StatusCode.ERROR))
            raise
        else:
            self._count_set_aside(writes)
            return outcome
        finally:
            self._instruments.commit_duration.record(self._clock.monotonic() - began, attributes)
            span.end()

    def _count_set_aside(self, writes: Sequence[Write]) -> None:
        for write in writes:
            if isinstance(write, SetAside | SetAsideEntry):
                attributes = {telemetry.COLLECTION: write[0].collection}
                self._instruments.records_set_aside.add(1, attributes)

    def _start_span(self, writes: int) -> Span:
        if not trace.get_current_span().is_recording():
            return _NO_SPAN
        return self._instruments.tracer.start_span(
            telemetry.SPAN_STORE_COMMIT, attributes={telemetry.WRITE_COUNT: writes}
        )

    async def unreadable(self, owner: Owner) -> Sequence[Record | StreamEntry]:
        """Passed on, where there can be something."""
        if isinstance(self._store, ScrubbingStore):
            return await self._store.unreadable(owner)
        return ()

    async def drop_unreadable(self, owner: Owner) -> int:
        """Passed on, where there can be something."""
        if isinstance(self._store, ScrubbingStore):
            return await self._store.drop_unreadable(owner)
        return 0

    async def scrub(self) -> None:
        """Passed on, where there is something to do."""
        if isinstance(self._store, ScrubbingStore):
            await self._store.scrub()

    async def check(self) -> None:
        """Passed on."""
        await self._store.check()

    async def get(self, key: Key) -> Record | None:
        """Passed on."""
        return await self._store.get(key)

    async def scan(
        self,
        collection: str,
        partition: str,
        *,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Sequence[Record]:
        """Passed on."""
        return await self._store.scan(
            collection, partition, after=after, limit=limit, newest_first=newest_first
        )

    async def read(self, stream: Key, *, start: int = 0, limit: int = 1000) -> StreamSlice:
        """Passed on."""
        return await self._store.read(stream, start=start, limit=limit)

    async def read_last(self, stream: Key, *, limit: int) -> StreamSlice:
        """Passed on."""
        return await self._store.read_last(stream, limit=limit)

    async def wait(self, stream: Key, *, length: int, at_most: timedelta) -> bool:
        """Passed on."""
        return await self._store.wait(stream, length=length, at_most=at_most)

    async def acquire(
        self, name: Key, *, holder: str, time_to_live: timedelta, wait: timedelta = timedelta()
    ) -> Lease | None:
        """Passed on."""
        return await self._store.acquire(name, holder=holder, time_to_live=time_to_live, wait=wait)

    async def renew(self, lease: Lease, *, time_to_live: timedelta) -> None:
        """Passed on."""
        await self._store.renew(lease, time_to_live=time_to_live)

    async def release(self, lease: Lease) -> None:
        """Passed on."""
        await self._store.release(lease)


__all__ = ["ObservedStore"]
