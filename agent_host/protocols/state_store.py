"""The seam to storage: versioned records, streams, leases. One file per backend.

What an implementation owes is written here in full and tested by
`agent_host.testing.state_store_suite`, which runs over every entry point of the group
`agent_host.stores`.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol

from agent_host.types.store import Key, Lease, Record, StreamSlice, Write


class StateStore(AbstractAsyncContextManager["StateStore", None], Protocol):
    """Records, streams and leases in one place, so that one commit can span them.

    Entered once before use and left once after; calls outside raise `StoreUnavailableError`.
    Values are opaque bytes. Reads see every commit that returned before they began (from any
    replica). Nothing a caller passes as key text is interpreted: any `str` without lone surrogates
    is a valid part of a key.

    Expiry is exact for reads: what is past its time to live is never returned, even if not yet
    swept. A store may be bounded; then it evicts what has a time to live, least recently written
    first, and never what has none.
    """

    @property
    def durable(self) -> bool:
        """Whether a commit that returned survives `kill -9` of the process."""
        ...

    @property
    def shared(self) -> bool:
        """Whether several processes may use it at once."""
        ...

    async def check(self) -> None:
        """Return if the store answers.

        Raises:
            StoreUnavailableError: it does not.
        """
        ...

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        """Do all the writes, in order, or none. Returns what each led to.

        A `Put` gives the record's new version, an `Append` the stream's new length, all else 0.
        Writes of one commit see those before them. If it is cancelled, it was done whole or not,
        and reads that begin after it raised see which.

        Raises:
            ConflictError: an `expect` did not hold.
            LeaseLostError: `fence` is not the current lease of its name.
            StoreFullError: the bound is reached and nothing may be evicted.
        """
        ...

    async def get(self, key: Key) -> Record | None:
        """The record, or None."""
        ...

    async def scan(
        self,
        collection: str,
        partition: str,
        *,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Sequence[Record]:
        """Records of one partition by ascending id (code points), or descending.

        `after` is the id to go on behind, in the direction of the scan. It costs no more for other
        partitions' records.
        """
        ...

    async def read(self, stream: Key, *, start: int = 0, limit: int = 1000) -> StreamSlice:
        """Entries from position `start` on; none past the end, or of a stream that is not there.

        One that was set aside reads as `HOLE`.
        """
        ...

    async def read_last(self, stream: Key, *, limit: int) -> StreamSlice:
        """The last `limit` entries, oldest first, at a cost that does not grow with the stream."""
        ...

    async def wait(self, stream: Key, *, length: int, at_most: timedelta) -> bool:
        """Block until the stream has more than `length` entries, or `at_most` is over; whether
        it has.

        Written to by any replica. May return False early; the caller asks again.
        """
        ...

    async def acquire(
        self, name: Key, *, holder: str, time_to_live: timedelta, wait: timedelta = timedelta()
    ) -> Lease | None:
        """Sole use of `name` until released or expired; None if not to be had within `wait`.

        Fences of one name grow strictly, over restarts too where the store is durable.
        """
        ...

    async def renew(self, lease: Lease, *, time_to_live: timedelta) -> None:
        """Hold it for this long from now.

        Raises:
            LeaseLostError: it expired, or was released, whether or not another took it.
        """
        ...

    async def release(self, lease: Lease) -> None:
        """Give it back. Giving back what is no longer held does nothing."""
        ...


__all__ = ["StateStore"]
