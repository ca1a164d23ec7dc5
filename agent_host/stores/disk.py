"""A store in a folder of this machine's disk: what a commit returned from survives `kill -9`.

The event loop only plans, asks and remembers; every touch of the disk is in threads. One process
owns the folder.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from time import monotonic
from types import TracebackType
from typing import Final, Self, TypeVar

from agent_host.errors import StoreUnavailableError
from agent_host.protocols.clock import Clock
from agent_host.stores.disk_cache import NEVER, Cache
from agent_host.stores.disk_fence import FenceBarrier
from agent_host.stores.disk_folder import DEFAULT_FOLDER, folder_of_url, prepare_folder
from agent_host.stores.disk_lock import FolderLock
from agent_host.stores.disk_lookup import (
    find_entries,
    find_last_entries,
    find_record,
    find_records,
    slice_of,
)
from agent_host.stores.disk_quarantine import (
    QuarantinedRecord,
    discard,
    find_quarantined,
    list_quarantined,
    put_back,
)
from agent_host.stores.disk_reader import Readers
from agent_host.stores.disk_report import StoreReport, read_report
from agent_host.stores.disk_request import AnyRequest, Commit, Job, Outbox
from agent_host.stores.disk_scrub import drop_unreadable, find_unreadable, scrub
from agent_host.stores.disk_sweep import sweep
from agent_host.stores.disk_time import StoreTime
from agent_host.stores.disk_writer import Writer
from agent_host.stores.lease import LeaseTable
from agent_host.stores.stream_wait import StreamWaits
from agent_host.system import SystemClock, settled_within
from agent_host.types.principal import Owner
from agent_host.types.store import Key, Lease, Record, StreamEntry, StreamSlice, Write

T = TypeVar("T")

logger = logging.getLogger(__name__)

CACHE_BYTES: Final = 64 * 1024 * 1024
LOCK_WAIT: Final = timedelta(seconds=10)
_LOCK_PAUSE_SECONDS: Final = 0.05
_PROBE_SECONDS: Final = 5.0
_PROBE_FRESH_SECONDS: Final = 1.0
_MORE_TURNS: Final = 4
"""A commit for two costs little more than for one."""


class DiskStateStore:
    """`StateStore` for one process on one machine, over SQLite.

    `folder` is made if it is not there. `limit_bytes` bounds the database; then commits raise
    `StoreFullError`, and nothing is evicted. `cache_bytes` is what is remembered in memory, by an
    estimate. `lock_wait` is how long a former process may take to leave.
    """

    def __init__(
        self,
        folder: Path | str = DEFAULT_FOLDER,
        *,
        clock: Clock | None = None,
        limit_bytes: int | None = None,
        cache_bytes: int = CACHE_BYTES,
        lock_wait: timedelta = LOCK_WAIT,
    ) -> None:
        self._folder = Path(folder).absolute()
        self._clock = clock or SystemClock()
        self._limit_bytes = limit_bytes
        self._lock_wait = lock_wait
        self._cache = Cache(cache_bytes)
        self._waits = StreamWaits(self._clock)
        self._leases = LeaseTable(self._clock)
        self._fences = FenceBarrier()
        self._lock = FolderLock(self._folder)
        self._time = StoreTime(self._clock, None)
        self._entered = self._open = False

    @classmethod
    def from_url(cls, url: str, *, clock: Clock | None = None) -> Self:
        """The store of `disk:///path/to/a/folder`, `disk://folder`, or `disk://`: `.agent-host`.

        Raises:
            ConfigurationError: it is not such a URL.
        """
        return cls(folder_of_url(url), clock=clock)

    async def __aenter__(self) -> Self:
        """Take the folder and open what is in it.

        Raises:
            ConfigurationError: the folder is in use, not safe, or of a newer release.
            StoreError: the disk does not do what it should.
        """
        if self._entered:
            raise StoreUnavailableError("A store is entered once.")
        self._entered = True
        # A few calls on a local folder before there is anybody to keep waiting.
        prepare_folder(self._folder)
        await self._take_lock()
        loop = self._loop = asyncio.get_running_loop()
        self._outbox = Outbox(loop, more_turns=_MORE_TURNS)
        self._writer = Writer(self._outbox, self._cache, self._settle)
        self._readers = Readers(Outbox(loop), self._settle)
        try:
            opened = await self._writer.open(
                self._folder, clock=self._clock, limit_bytes=self._limit_bytes
            )
            self._time = opened.time
            self._leases = LeaseTable(self._clock, first_fence=opened.first_fence)
            self._readers.open(opened.path)
        except BaseException:
            await self._leave()
            raise
        self._open = True
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Finish the commits that were asked for, and give the folder back."""
        if self._open:
            self._open = False
            self._leases.close()
            self._waits.close()
            await self._leave()

    @property
    def durable(self) -> bool:
        """True: a commit that returned is on disk."""
        return True

    @property
    def shared(self) -> bool:
        """False: one process owns the folder."""
        return False

    async def check(self) -> None:
        """Return if something can be written, which is tried unless it just was."""
        self._check_open()
        if monotonic() - self._writer.committed_at < _PROBE_FRESH_SECONDS:
            return
        probe = Job(self._loop, self._writer.probe)
        self._outbox.put(probe)
        if not await settled_within(probe.future, _PROBE_SECONDS, clock=self._clock):
            raise StoreUnavailableError(f"The disk did not answer in {_PROBE_SECONDS:.0f} seconds.")

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        """Do all the writes, in order, or none."""
        self._check_open()
        commit = Commit(self._loop, writes)
        if fence is None:
            self._outbox.put(commit)
            return await commit.finished()
        self._leases.check(fence)
        with self._fences.passing(fence.name):
            self._outbox.put(commit)
            return await commit.finished()

    async def get(self, key: Key) -> Record | None:
        """The record, or None."""
        self._check_open()
        state = self._cache.record(key)
        if state is None:
            state = await self._readers.ask(lambda disk: find_record(disk, self._cache, key))
        end = state.expires_at
        return state.record if end == NEVER or end > self._time.now() else None

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
        return await self._readers.ask(
            lambda disk: find_records(
                disk,
                collection,
                partition,
                after=after,
                limit=limit,
                newest_first=newest_first,
                now=self._time.now(),
            )
        )

    async def read(self, stream: Key, *, start: int = 0, limit: int = 1000) -> StreamSlice:
        """Entries from position `start` on."""
        self._check_open()
        now = self._time.now()
        state = self._cache.stream(stream)
        if state is not None:
            if state.expires_at <= now or not state.number:
                return StreamSlice(start, (), 0)
            found = slice_of(state, first=start, limit=limit)
            if found is not None:
                return found
        return await self._readers.ask(
            lambda disk: find_entries(disk, self._cache, stream, start=start, limit=limit, now=now)
        )

    async def read_last(self, stream: Key, *, limit: int) -> StreamSlice:
        """The last `limit` entries, oldest first."""
        self._check_open()
        now = self._time.now()
        state = self._cache.stream(stream)
        if state is not None:
            if state.expires_at <= now or not state.number:
                return StreamSlice(0, (), 0)
            found = slice_of(state, first=max(0, state.length - limit), limit=limit)
            if found is not None:
                return found
        return await self._readers.ask(
            lambda disk: find_last_entries(disk, self._cache, stream, limit=limit, now=now)
        )

    async def wait(self, stream: Key, *, length: int, at_most: timedelta) -> bool:
        """Block until the stream has more than `length` entries, or `at_most` is over."""
        self._check_open()
        # Enters before it looks, so that what is written while it looks is not missed.
        grown = self._waits.enter(stream, length)
        try:
            if (await self.read_last(stream, limit=0)).length > length:
                return True
            return at_most > timedelta() and await self._waits.outlast(grown, at_most)
        finally:
            self._waits.leave(stream, grown)

    async def acquire(
        self, name: Key, *, holder: str, time_to_live: timedelta, wait: timedelta = timedelta()
    ) -> Lease | None:
        """Sole use of `name`; those who wait for it have it in turn.

        Leases end with the process, and fences grow over restarts.
        """
        self._check_open()
        lease = await self._leases.acquire(
            name, holder=holder, time_to_live=time_to_live, wait=wait
        )
        if lease is not None:
            try:
                await self._fences.cleared(name)
            except BaseException:
                self._leases.release(lease)
                raise
        return lease

    async def renew(self, lease: Lease, *, time_to_live: timedelta) -> None:
        """Hold it for this long from now."""
        self._check_open()
        self._leases.renew(lease, time_to_live)

    async def release(self, lease: Lease) -> None:
        """Give it back."""
        self._check_open()
        self._leases.release(lease)

    async def sweep(self) -> int:
        """Clear away a little of what has ended, as is done in idle time; how many rows."""
        return await self._write(lambda disk: sweep(disk, self._time.now()))

    async def unreadable(self, owner: Owner) -> Sequence[Record | StreamEntry]:
        """What was set aside of this owner."""
        self._check_open()
        return await self._readers.ask(lambda disk: find_unreadable(disk, owner))

    async def drop_unreadable(self, owner: Owner) -> int:
        """Forget what was set aside of this owner; how much."""
        return await self._write(lambda disk: drop_unreadable(disk, owner))

    async def scrub(self) -> None:
        """Write the file anew, without what was deleted; takes seconds for each gigabyte."""
        await self._write(lambda disk: scrub(disk, now=self._time.now()))

    async def quarantined(self, *, after: int = 0, limit: int = 100) -> list[QuarantinedRecord]:
        """What was set aside, oldest first, behind the number `after`."""
        self._check_open()
        return await self._readers.ask(
            lambda disk: list_quarantined(disk, after=after, limit=limit)
        )

    async def find_quarantined(self, number: int) -> Record | StreamEntry | None:
        """What was set aside under this number, with its bytes as they were."""
        self._check_open()
        return await self._readers.ask(lambda disk: find_quarantined(disk, number))

    async def put_back(self, number: int) -> bool:
        """Let a record be where it was before it was set aside, its version and its end included,
        or an entry; False if another record is there by now, if the stream is gone, or if there is
        nothing of this number.
        """
        return await self._write(partial(self._put_back, number))

    async def discard(self, number: int) -> bool:
        """Delete what was set aside under this number for good; whether there was anything."""
        return await self._write(lambda disk: discard(disk, number))

    async def inspect(self, *, thorough: bool = True) -> StoreReport:
        """Counts, sizes and damage. With `thorough` the whole file is read."""
        self._check_open()
        return await asyncio.to_thread(read_report, self._folder, thorough=thorough)

    def _put_back(self, number: int, disk: Connection) -> bool:
        moved = put_back(disk, number, now=self._time.now())
        if moved:
            self._cache.clear()  # it remembers what is there without it
        return moved

    async def _write(self, work: Callable[[Connection], T]) -> T:
        self._check_open()
        job = Job(self._loop, work)
        self._outbox.put(job)
        return await job.finished()

    async def _take_lock(self) -> None:
        until = self._clock.monotonic() + self._lock_wait.total_seconds()
        said = False
        while not self._lock.take(self._clock.now()):
            if self._clock.monotonic() >= until:
                raise self._lock.refusal()
            if not said:
                seconds = self._lock_wait.total_seconds()
                logger.info("waiting up to %g s for %s to leave", seconds, self._lock.holder())
                said = True
            await self._clock.sleep(_LOCK_PAUSE_SECONDS)

    async def _leave(self) -> None:
        try:
            self._readers.close()
            await self._writer.close()
        finally:
            self._cache.clear()
            self._lock.release()

    def _settle(self, done: Sequence[AnyRequest]) -> None:
        """On the loop: these were done."""
        waits = self._waits
        for request in done:
            request.settle()
            if waits and isinstance(request, Commit) and request.error is None:
                waits.wake(request.writes, request.outcome or ())

    def _check_open(self) -> None:
        if not self._open:
            raise StoreUnavailableError("The store is not open.")


__all__ = ["DiskStateStore"]
