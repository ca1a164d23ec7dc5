"""Keeps a lease's next holder back until the commits that its former holders fenced are settled.

A fence is checked when a commit is asked for, and the commit reaches the disk a moment later. Were
the lease to pass on in between, its new holder could read what is about to be overwritten.
"""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

from agent_host.types.store import Key


class FenceBarrier:
    """Counts fenced commits under way, by name. Used by one event loop."""

    __slots__ = ("_passing", "_waiting")

    def __init__(self) -> None:
        self._passing: dict[Key, int] = {}
        self._waiting: dict[Key, asyncio.Event] = {}

    @contextmanager
    def passing(self, name: Key) -> Generator[None]:
        """Around a commit that this lease fences."""
        self._passing[name] = self._passing.get(name, 0) + 1
        try:
            yield
        finally:
            left = self._passing[name] - 1
            if left:
                self._passing[name] = left
            else:
                del self._passing[name]
                waiting = self._waiting.pop(name, None)
                if waiting is not None:
                    waiting.set()

    async def cleared(self, name: Key) -> None:
        """Return once no commit is under way that was fenced before."""
        while name in self._passing:
            await self._waiting.setdefault(name, asyncio.Event()).wait()


__all__ = ["FenceBarrier"]
