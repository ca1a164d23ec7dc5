"""Notices that a caller left while it is worked for."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Final, Self, cast

from starlette.types import Receive

_QUIET: Final = 0.25
"""Seconds before anybody looks: most answers are given by then, and looking costs a task."""


class DisconnectWatch:
    """Cancels the body of its `async with` block when the caller leaves, and ends the block there.

    `left` then says so. The request's body must have been read before. Tasks that the body
    `spawn`s are ended with the block.
    """

    __slots__ = ("_cancelling", "_group", "_receive", "_spawned", "_task", "_timer", "left")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._group = asyncio.TaskGroup()
        self._spawned: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[Any]
        self._timer: asyncio.TimerHandle
        self._cancelling = 0
        self.left = False

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        await self._group.__aenter__()
        self._task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._cancelling = self._task.cancelling()
        self._timer = loop.call_later(_QUIET, self._look)
        return self

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` beside the body, for as long as the block lasts at most."""
        task = self._group.create_task(work)
        self._spawned.add(task)
        task.add_done_callback(self._spawned.discard)

    def leave(self) -> None:
        """Give the caller up: end the block."""
        if not self.left:
            self.left = True
            self._task.cancel()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._timer.cancel()
        for task in self._spawned:
            task.cancel()
        await self._group.__aexit__(None, None, None)
        if self.left:
            others = self._task.uncancel() > self._cancelling
            return isinstance(error, asyncio.CancelledError) and not others
        return False

    def _look(self) -> None:
        self.spawn(self._await_disconnect())

    async def _await_disconnect(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.leave()


__all__ = ["DisconnectWatch"]
