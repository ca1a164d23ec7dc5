"""One timer of one run: the time limit, then the grace, one at a time."""

import asyncio
from collections.abc import Callable
from datetime import timedelta


class Deadline:
    """Calls back once when the time is over, unless it is set anew or cleared before."""

    __slots__ = ("_handle", "is_forced")

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None
        self.is_forced = False

    @property
    def is_set(self) -> bool:
        """Whether it will call back."""
        return self._handle is not None

    @property
    def left(self) -> timedelta:
        """How much of the time is left."""
        if self._handle is None:
            return timedelta()
        left = self._handle.when() - asyncio.get_running_loop().time()
        return timedelta(seconds=max(left, 0.0))

    def set(self, after: timedelta, callback: Callable[[], None]) -> None:
        """Replace whatever was set."""
        if self._handle is not None:
            self._handle.cancel()
        loop = asyncio.get_running_loop()
        self._handle = loop.call_later(after.total_seconds(), callback)

    def clear(self) -> None:
        """Forget whatever was set."""
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.cancel()


__all__ = ["Deadline"]
