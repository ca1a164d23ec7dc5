"""What the event loop asks of the disk store's threads, and how the answer comes back."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from sqlite3 import Connection
from typing import Any, Generic, TypeVar, cast

from agent_host.types.store import Write

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Request(Generic[T]):
    """One thing asked. A thread sets `outcome` or `error`; the loop then settles it."""

    __slots__ = ("_settled", "error", "future", "outcome")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.future: asyncio.Future[T] = loop.create_future()
        self.outcome: T | None = None
        self.error: Exception | None = None
        self._settled = False

    def settle(self) -> None:
        """Give the answer to whoever waits. On the loop."""
        self._settled = True
        future = self.future
        if future.done():
            return
        if self.error is None:
            future.set_result(cast("T", self.outcome))
        else:
            future.set_exception(self.error)

    async def finished(self) -> T:
        """The answer. If the caller is cancelled, it hears of that once the matter is settled."""
        try:
            return await self.future
        except asyncio.CancelledError:
            loop = asyncio.get_running_loop()
            while not self._settled:
                self.future = loop.create_future()
                with suppress(asyncio.CancelledError, Exception):
                    await self.future
            raise


class Commit(Request[tuple[int, ...]]):
    """Writes that are done together or not at all."""

    __slots__ = ("writes",)

    def __init__(self, loop: asyncio.AbstractEventLoop, writes: Sequence[Write]) -> None:
        super().__init__(loop)
        self.writes = writes


class Job(Request[T]):
    """Anything else that needs a connection."""

    __slots__ = ("work",)

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Callable[[Connection], T]) -> None:
        super().__init__(loop)
        self.work = work


AnyRequest = Commit | Job[Any]


class Outbox:
    """Takes what one turn of the event loop asks to a thread in one go, and the answers back. While
    there is more in each turn it waits for another, `more_turns` times at most.
    """

    __slots__ = ("_more_turns", "_waiting", "loop", "queue")

    def __init__(self, loop: asyncio.AbstractEventLoop, *, more_turns: int = 0) -> None:
        self.loop = loop
        self._more_turns = more_turns
        self.queue: SimpleQueue[list[AnyRequest] | None] = SimpleQueue()
        self._waiting: list[AnyRequest] = []

    def put(self, request: AnyRequest) -> None:
        """Send it with the others."""
        if not self._waiting:
            self.loop.call_soon(self._end_turn, 0, self._more_turns)
        self._waiting.append(request)

    def flush(self) -> None:
        """Send what waits now."""
        if self._waiting:
            self.queue.put(self._waiting)
            self._waiting = []

    def _end_turn(self, before: int, more_turns: int) -> None:
        count = len(self._waiting)
        if more_turns and count > before:
            self.loop.call_soon(self._end_turn, count, more_turns - 1)
        else:
            self.flush()

    def answer(self, settle: Callable[[Sequence[Any]], None], done: Sequence[AnyRequest]) -> None:
        """From a thread: have the loop settle these."""
        try:
            self.loop.call_soon_threadsafe(settle, done)
        except RuntimeError:  # the loop was closed without leaving the store; nobody listens
            logger.warning("the event loop ended before the store was closed")


__all__ = ["AnyRequest", "Commit", "Job", "Outbox", "Request"]
