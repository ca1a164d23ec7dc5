"""Leases of a store that one process owns: who holds which name until when, and who waits."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from math import inf
from typing import Final

from agent_host.errors import LeaseLostError, StoreUnavailableError
from agent_host.protocols.clock import Clock
from agent_host.stores.memory_expiry import ExpiryWheel
from agent_host.system import settled_within
from agent_host.types.store import Key, Lease

_SWEEP_LIMIT: Final = 64


class _Holding:
    """A lease that was given."""

    __slots__ = ("expires_at", "lease", "sweep_at")

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.expires_at = inf
        self.sweep_at = inf


@dataclass(slots=True, eq=False)
class _Waiter:
    """Somebody in a queue. `wake` is a new future for each time it goes to sleep."""

    holder: str
    seconds: float
    wake: asyncio.Future[bool]
    lease: Lease | None = None


class LeaseTable:
    """Leases by name. A name that nobody holds or waits for costs nothing.

    A lease that is given back goes straight to the first in its queue, so no newcomer overtakes.
    Fences are counted from `first_fence`.
    """

    def __init__(self, clock: Clock, *, first_fence: int = 1) -> None:
        self._clock = clock
        self._holdings: dict[Key, _Holding] = {}
        self._queues: dict[Key, deque[_Waiter]] = {}
        self._expiry = ExpiryWheel[_Holding]()
        self._next_fence: Callable[[], int] = count(first_fence).__next__

    def check(self, fence: Lease) -> None:
        """Raise `LeaseLostError` unless this is the current lease of its name."""
        holding = self._holdings.get(fence.name)
        if (
            holding is None
            or holding.lease.fence != fence.fence
            or holding.expires_at <= self._clock.monotonic()
        ):
            message = "The lease is no longer held."
            raise LeaseLostError(message)

    def renew(self, lease: Lease, time_to_live: timedelta) -> None:
        """See `StateStore.renew`."""
        self.check(lease)
        self._expiry.place(
            self._holdings[lease.name],
            now=self._clock.monotonic(),
            seconds=time_to_live.total_seconds(),
        )

    def release(self, lease: Lease) -> None:
        """See `StateStore.release`."""
        holding = self._holdings.get(lease.name)
        if holding is not None and holding.lease.fence == lease.fence:
            self._expiry.remove(holding)
            self._pass_on(lease.name)

    async def acquire(
        self, name: Key, *, holder: str, time_to_live: timedelta, wait: timedelta
    ) -> Lease | None:
        """See `StateStore.acquire`."""
        now = self._clock.monotonic()
        if self._expiry.due_at <= now:
            for ended in self._expiry.pop_due(now, limit=_SWEEP_LIMIT):
                self._pass_on(ended.lease.name)
        holding = self._holdings.get(name)
        if holding is not None and holding.expires_at <= now:
            self._expiry.remove(holding)
            self._pass_on(name)
            holding = self._holdings.get(name)
        seconds = time_to_live.total_seconds()
        if holding is None:
            return self._give(name, holder, seconds)
        if wait <= timedelta():
            return None
        return await self._wait(name, holder, seconds, until=now + wait.total_seconds())

    def close(self) -> None:
        """Send everybody who waits away with `StoreUnavailableError`."""
        for queue in self._queues.values():
            for waiter in queue:
                if not waiter.wake.done():
                    waiter.wake.set_exception(_closed())
        self._queues.clear()
        self._holdings.clear()

    async def _wait(self, name: Key, holder: str, seconds: float, *, until: float) -> Lease | None:
        loop = asyncio.get_running_loop()
        waiter = _Waiter(holder, seconds, loop.create_future())
        queue = self._queues.setdefault(name, deque())
        queue.append(waiter)
        try:
            while (now := self._clock.monotonic()) < until:
                holding = self._holdings.get(name)
                if holding is None:
                    raise _closed()
                if holding.expires_at <= now:
                    self._expiry.remove(holding)
                    self._pass_on(name)
                else:
                    pause = min(until, holding.expires_at) - now
                    await settled_within(waiter.wake, pause, clock=self._clock)
                if waiter.lease is not None:
                    return waiter.lease
                waiter.wake = loop.create_future()
        except asyncio.CancelledError:
            if waiter.lease is not None:
                self.release(waiter.lease)
            raise
        finally:
            if waiter in queue:
                queue.remove(waiter)
            if not queue and self._queues.get(name) is queue:
                del self._queues[name]
        return None

    def _give(self, name: Key, holder: str, seconds: float) -> Lease:
        lease = Lease(name, holder, self._next_fence())
        holding = self._holdings[name] = _Holding(lease)
        self._expiry.place(holding, now=self._clock.monotonic(), seconds=seconds)
        return lease

    def _pass_on(self, name: Key) -> None:
        """The name is free: its first waiter has it, or nobody."""
        queue = self._queues.get(name)
        while queue:
            waiter = queue.popleft()
            if waiter.wake.cancelled():
                continue
            waiter.lease = self._give(name, waiter.holder, waiter.seconds)
            if not waiter.wake.done():
                waiter.wake.set_result(True)
            return
        del self._holdings[name]


def _closed() -> StoreUnavailableError:
    return StoreUnavailableError("The store was closed.")


__all__ = ["LeaseTable"]
