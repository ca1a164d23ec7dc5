"""The disk store's contents for somebody who only reads, without the folder's lock.

For commands that look at what a stopped server left. It reads on the caller's own thread, so it is
for processes that do nothing else, and it refuses every write.
"""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self, TypeVar

from agent_host.errors import StoreUnavailableError
from agent_host.protocols.clock import Clock
from agent_host.stores.disk_cache import Cache
from agent_host.stores.disk_error import to_store_error
from agent_host.stores.disk_folder import DATABASE
from agent_host.stores.disk_lookup import find_entries, find_last_entries, find_record, find_records
from agent_host.stores.disk_schema import APPLICATION_ID, MIGRATIONS, connect
from agent_host.stores.disk_time import Anchor, StoreTime
from agent_host.system import SystemClock
from agent_host.types.store import Key, Lease, Record, StreamSlice, Write

T = TypeVar("T")


class DiskStateView:
    """A `StateStore` that can only be read. Entering opens it.

    Raises:
        StoreUnavailableError: there is no database, it cannot be read, it is another program's or
            of another release; and from whatever would write.
    """

    def __init__(self, folder: Path, *, clock: Clock | None = None) -> None:
        self._path = folder / DATABASE
        self._clock = clock or SystemClock()

    async def __aenter__(self) -> Self:
        """Open the database for reading."""
        if not self._path.is_file():
            message = f"There is no store in {self._path.parent}: {DATABASE} is missing."
            raise StoreUnavailableError(message)
        try:
            self._connection = connect(self._path, read_only=True)
            try:
                self._time = self._opened()
            except BaseException:
                self._connection.close()
                raise
        except sqlite3.Error as error:
            raise to_store_error(error) from error
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self._connection.close()

    @property
    def durable(self) -> bool:
        """What is read is on disk."""
        return True

    @property
    def shared(self) -> bool:
        """As many as want to may read."""
        return True

    async def check(self) -> None:
        """Return if it can be read."""
        self._ask(lambda connection: connection.execute("SELECT count(*) FROM facts").fetchone())

    async def get(self, key: Key) -> Record | None:
        """The record, or None."""
        found = self._ask(lambda connection: find_record(connection, Cache(0), key))
        return found.record if found.expires_at > self._time.now() else None

    async def scan(
        self,
        collection: str,
        partition: str,
        *,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Sequence[Record]:
        """Records of one partition by id."""
        return self._ask(
            lambda connection: find_records(
                connection,
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
        now = self._time.now()
        return self._ask(
            lambda connection: find_entries(
                connection, Cache(0), stream, start=start, limit=limit, now=now
            )
        )

    async def read_last(self, stream: Key, *, limit: int) -> StreamSlice:
        """The last `limit` entries, oldest first."""
        now = self._time.now()
        return self._ask(
            lambda connection: find_last_entries(connection, Cache(0), stream, limit=limit, now=now)
        )

    async def wait(self, stream: Key, *, length: int, at_most: timedelta) -> bool:
        """Nothing is added to what nobody writes."""
        del at_most
        return (await self.read_last(stream, limit=1)).length > length

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        """Refused."""
        del writes, fence
        _refuse()

    async def acquire(
        self, name: Key, *, holder: str, time_to_live: timedelta, wait: timedelta = timedelta()
    ) -> Lease | None:
        """Refused."""
        del name, holder, time_to_live, wait
        _refuse()

    async def renew(self, lease: Lease, *, time_to_live: timedelta) -> None:
        """Refused."""
        del lease, time_to_live
        _refuse()

    async def release(self, lease: Lease) -> None:
        """Refused."""
        del lease
        _refuse()

    def _ask(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return work(self._connection)
        except sqlite3.Error as error:
            raise to_store_error(error) from error

    def _opened(self) -> StoreTime:
        (application,) = self._connection.execute("PRAGMA application_id").fetchone()
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if application != APPLICATION_ID:
            raise StoreUnavailableError(f"{self._path} is another program's database.")
        if version != len(MIGRATIONS):
            message = (
                f"{self._path} has a schema of version {version}; this release reads version "
                f"{len(MIGRATIONS)}. Use the release that the server runs on."
            )
            raise StoreUnavailableError(message)
        facts: dict[str, int] = dict(self._connection.execute("SELECT name, value FROM facts"))
        anchor = None
        if "store_time" in facts and "calendar" in facts:
            anchor = Anchor(facts["store_time"], facts["calendar"])
        return StoreTime(self._clock, anchor)


def _refuse() -> NoReturn:
    raise StoreUnavailableError("The store is open for reading only.")


__all__ = ["DiskStateView"]
