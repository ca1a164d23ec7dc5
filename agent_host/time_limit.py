"""A time limit for what is done often and nearly always in time: one timer serves all of it.

`asyncio.timeout` sets a timer and takes it back each time, which costs more than a short push.
"""

import asyncio
from datetime import timedelta
from types import TracebackType
from typing import Self


class TimeLimit:
    """`with time_limit.stay():` around what an asyncio task awaits is `asyncio.timeout` of this
    length. All of it is on one event loop.
    """

    def __init__(self, length: timedelta) -> None:
        self._seconds = length.total_seconds()
        self._stays: dict[Stay, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def stay(self) -> "Stay":
        """One use of it, from here on."""
        return Stay(self)

    def enter(self, stay: "Stay") -> float:
        """Watch it; when its time is over, by the loop's clock."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self._seconds
        self._stays[stay] = None  # the last to end, as the length is the same for all
        if self._timer is None:
            self._timer = loop.call_at(ends_at, self._end_overdue)
        return ends_at

    def leave(self, stay: "Stay") -> None:
        """Watch it no more."""
        self._stays.pop(stay, None)

    def _end_overdue(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        while self._stays:
            stay = next(iter(self._stays))
            if stay.ends_at > loop.time():
                self._timer = loop.call_at(stay.ends_at, self._end_overdue)
                return
            del self._stays[stay]
            stay.end()


class Stay:
    """Raises `TimeoutError` where the task was cancelled for its time alone."""

    __slots__ = ("_cancelling", "_is_over", "_limit", "_task", "ends_at")

    def __init__(self, limit: TimeLimit) -> None:
        self._limit = limit
        self._is_over = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            message = "A time limit is for what a task awaits."
            raise RuntimeError(message)
        self._task = task
        self._cancelling = task.cancelling()
        self.ends_at = self._limit.enter(self)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._is_over:
            self._limit.leave(self)
            return
        is_ours = self._task.uncancel() <= self._cancelling
        if is_ours and isinstance(exc_value, asyncio.CancelledError):
            raise TimeoutError from exc_value

    def end(self) -> None:
        """Its time is over."""
        self._is_over = True
        self._task.cancel()


__all__ = ["Stay", "TimeLimit"]
