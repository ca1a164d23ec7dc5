"""A clock that moves when a test says so."""

import asyncio
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count

_START = datetime(2026, 1, 1, tzinfo=UTC)


class ManualClock:
    """`Clock` for tests. Sleepers wake in the order of their ends, and only through `advance`."""

    def __init__(self, start: datetime = _START) -> None:
        self._start = start
        self._passed = timedelta()
        self._set_by = timedelta()
        self._sleepers: list[tuple[timedelta, int, asyncio.Future[None]]] = []
        self._next_sleeper = count()
        self._changed = asyncio.Event()

    def now(self) -> datetime:
        """The start plus all that was advanced, and what the calendar was set by."""
        return self._start + self._passed + self._set_by

    def monotonic(self) -> float:
        """Seconds advanced so far."""
        return self._passed.total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Return once the clock was advanced this far."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        until = self._passed + timedelta(seconds=seconds)
        heappush(self._sleepers, (until, next(self._next_sleeper), future))
        self._changed.set()
        await future

    def set_by(self, by: timedelta) -> None:
        """Set the calendar forward, or back, without any time passing."""
        self._set_by += by

    @property
    def sleeping(self) -> int:
        """How many sleep now."""
        return sum(not future.done() for _, _, future in self._sleepers)

    async def until_sleeping(self, sleepers: int = 1) -> None:
        """Return once at least so many sleep, so that an `advance` finds them."""
        while self.sleeping < sleepers:
            self._changed.clear()
            await self._changed.wait()

    def advance(self, by: timedelta) -> None:
        """Let time pass at once. Who wakes and sleeps again does so from the new time on."""
        self._passed += by
        while self._sleepers and self._sleepers[0][0] <= self._passed:
            future = heappop(self._sleepers)[2]
            if not future.done():
                future.set_result(None)


__all__ = ["ManualClock"]
