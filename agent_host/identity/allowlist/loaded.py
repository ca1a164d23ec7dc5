"""A value that is loaded from elsewhere, and loaded again when it is old."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, Generic, TypeVar

from agent_host.protocols.clock import Clock

T = TypeVar("T")

TIME_TO_LIVE: Final = timedelta(minutes=5)
LOAD_LIMIT: Final = timedelta(seconds=10)


class LoadedValue(Generic[T]):
    """Kept for `time_to_live`, then loaded anew by the next who asks; all who ask meanwhile wait
    for the same load, and share its failure. A value that is old is never given, whatever the
    loader does: it fails closed. After a failure the next who asks tries again.
    """

    def __init__(
        self,
        load: Callable[[], Awaitable[T]],
        *,
        clock: Clock,
        time_to_live: timedelta = TIME_TO_LIVE,
        load_limit: timedelta = LOAD_LIMIT,
    ) -> None:
        self._load = load
        self._clock = clock
        self._time_to_live = time_to_live
        self._load_limit = load_limit
        self._value: T | None = None
        self._loaded_at: float | None = None
        self._loading = asyncio.Lock()
        self._loads = 0
        self._failure: Exception | None = None

    async def get(self) -> T:
        """The value.

        Raises:
            TimeoutError: the loader took longer than `load_limit`.
            Exception: whatever the loader raises, or RuntimeError for those who waited for it.
        """
        if (value := self._fresh()) is not None:
            return value
        loads_before = self._loads
        async with self._loading:
            if (value := self._fresh()) is not None:
                return value
            if self._loads != loads_before and self._failure is not None:
                raise RuntimeError("what others waited for could not be loaded") from self._failure
            return await self._load_now()

    async def _load_now(self) -> T:
        began_at = self._clock.monotonic()
        self._failure = None
        try:
            async with asyncio.timeout(self._load_limit.total_seconds()):
                value = await self._load()
        except Exception as error:
            self._failure = error
            raise
        finally:
            self._loads += 1
        self._value, self._loaded_at = value, began_at
        return value

    def _fresh(self) -> T | None:
        loaded_at = self._loaded_at
        if loaded_at is None:
            return None
        age = self._clock.monotonic() - loaded_at
        return self._value if age < self._time_to_live.total_seconds() else None


__all__ = ["LOAD_LIMIT", "TIME_TO_LIVE", "LoadedValue"]
