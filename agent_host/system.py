"""Time and identifiers from the operating system: what the host uses where nobody injects its own.

Also the one way to wait for something no longer than an injected clock allows.
"""

import asyncio
import os
import time
from datetime import UTC, datetime
from typing import Final

from agent_host.protocols.clock import Clock

_RANDOM_BYTES: Final = 16


class SystemClock:
    """The machine's clocks."""

    __slots__ = ()

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that only grow; the zero point means nothing."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after this many of `monotonic`'s seconds."""
        await asyncio.sleep(seconds)


class SystemIdFactory:
    """`prefix`, 12 hex digits of milliseconds since 1970, 32 random hex digits.

    Ids of one millisecond are in no order among themselves. Safe to call from any thread.
    """

    __slots__ = ()

    def new(self, prefix: str) -> str:
        """`prefix` plus 128 unguessable bits; ids of one prefix sort by age."""
        # One system call for each: as fast as a pool of random bytes, and no pool to guard from
        # threads and forks.
        return f"{prefix}{time.time_ns() // 1_000_000:012x}{os.urandom(_RANDOM_BYTES).hex()}"


async def settled_within(future: asyncio.Future[bool], seconds: float, *, clock: Clock) -> bool:
    """What the future is set to, or False once `seconds` of the clock are over.

    The future is done when this returns or raises.
    """
    if isinstance(clock, SystemClock):
        # The loop's own timer: thousands of idle streams wait here, and a task each is too much.
        handle = asyncio.get_running_loop().call_later(seconds, _give_up, future)
        try:
            return await future
        finally:
            handle.cancel()
    try:
        async with asyncio.TaskGroup() as group:
            timer = group.create_task(clock.sleep(seconds))
            timer.add_done_callback(lambda _: _give_up(future))
            await asyncio.wait((future,))
            timer.cancel()
        return future.result()
    finally:
        future.cancel()


def _give_up(future: asyncio.Future[bool]) -> None:
    if not future.done():
        future.set_result(False)


__all__ = ["SystemClock", "SystemIdFactory", "settled_within"]
