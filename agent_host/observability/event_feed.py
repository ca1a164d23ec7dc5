"""Hands lifecycle events to sinks, each at its own pace and behind its own bounded queue."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from agent_host.protocols.event_sink import Sink

QUEUE_LIMIT: Final = 1024
BATCH_LIMIT: Final = 100
SEND_SECONDS: Final = 10.0
FLUSH_SECONDS: Final = 2.0

EventT = TypeVar("EventT")

_logger = logging.getLogger(__name__)


class _Line(Generic[EventT]):
    """What waits for one sink. An event is dropped if the queue is full, or if the sink failed to
    take it; `dropped` is told how many.
    """

    def __init__(
        self, sink: Sink[EventT], *, limit: int, dropped: Callable[[str, int], None] | None
    ) -> None:
        self.sink = sink
        self._limit = limit
        self._dropped = dropped
        self._waiting: deque[EventT] = deque()
        self._arrived = asyncio.Event()
        self._closing = False
        self._said_full = False

    def offer(self, event: EventT) -> None:
        if len(self._waiting) >= self._limit:
            self._drop(1)
            if not self._said_full:
                self._said_full = True
                _logger.warning("the event sink %s is too slow: events are lost", self.sink.name)
            return
        self._waiting.append(event)
        self._arrived.set()

    def close(self) -> None:
        """Send what waits, then end."""
        self._closing = True
        self._arrived.set()

    async def run(self) -> None:
        while True:
            while self._waiting:
                await self._send()
            if self._closing:
                return
            self._arrived.clear()
            await self._arrived.wait()

    async def _send(self) -> None:
        count = min(len(self._waiting), BATCH_LIMIT)
        batch = [self._waiting.popleft() for _ in range(count)]
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self.sink.send(batch)
        except asyncio.CancelledError:
            self._drop(count + len(self._waiting))
            raise
        except Exception as error:  # noqa: BLE001 - no sink ends the line, or reaches a run
            self._drop(count)
            name = type(error).__name__
            _logger.warning("the event sink %s lost %d events: %s", self.sink.name, count, name)
        else:
            self._said_full = False

    def _drop(self, count: int) -> None:
        if count and self._dropped is not None:
            self._dropped(self.sink.name, count)


class EventFeed(Generic[EventT]):
    """Entered before the first run and left after the last; `offer` never waits and never raises.

    At the end every sink has two seconds for what is left in its queue.
    """

    def __init__(
        self,
        sinks: Sequence[Sink[EventT]],
        *,
        dropped: Callable[[str, int], None] | None = None,
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        self._lines = [_Line(sink, limit=queue_limit, dropped=dropped) for sink in sinks]
        self._stack = AsyncExitStack()
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for line in self._lines:
                if isinstance(line.sink, AbstractAsyncContextManager):
                    await stack.enter_async_context(line.sink)
            await self._group.__aenter__()
            self._tasks = [self._group.create_task(line.run()) for line in self._lines]
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            for line in self._lines:
                line.close()
            if self._tasks:
                _, late = await asyncio.wait(self._tasks, timeout=FLUSH_SECONDS)
                for task in late:
                    task.cancel()
            await self._group.__aexit__(None, None, None)
        finally:
            await self._stack.aclose()

    def offer(self, event: EventT) -> None:
        """Let every sink have it, when it is ready to."""
        for line in self._lines:
            line.offer(event)


__all__ = ["EventFeed"]
