"""Something that happens once, and whoever waits for it.

Stands in for `asyncio.Event` where every run has one and hardly any is waited for.
"""

import asyncio


class Latch:
    """Open until it is set. Used from one event loop."""

    __slots__ = ("_waiters", "is_set")

    def __init__(self) -> None:
        self._waiters: list[asyncio.Future[None]] | None = None
        self.is_set = False

    async def wait(self) -> None:
        """Return once it is set."""
        if self.is_set:
            return
        waiter = asyncio.get_running_loop().create_future()
        if self._waiters is None:
            self._waiters = []
        waiters = self._waiters
        waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter in waiters:
                waiters.remove(waiter)
            raise

    def set(self) -> None:
        """Let everybody go on who waits, or will."""
        self.is_set = True
        waiters, self._waiters = self._waiters, None
        for waiter in waiters or ():
            if not waiter.done():
                waiter.set_result(None)

    def clear(self) -> None:
        """It did not happen after all, or has to happen again."""
        self.is_set = False


__all__ = ["Latch"]
