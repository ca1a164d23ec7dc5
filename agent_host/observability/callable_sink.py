"""A function as a sink."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence

from agent_host.types.lifecycle import RunLifecycle


class CallableSink:
    """Calls it once for each event. A function that is not async is called in a worker thread, so
    it may block.
    """

    def __init__(
        self,
        function: Callable[[RunLifecycle], Awaitable[object] | object],
        *,
        name: str | None = None,
    ) -> None:
        self._function = function
        self._is_async = inspect.iscoroutinefunction(function)
        self.name = name or str(getattr(function, "__name__", "callable"))

    async def send(self, events: Sequence[RunLifecycle]) -> None:
        """Call it for each, whatever became of the one before.

        Raises:
            ExceptionGroup: what the function raised.
        """
        errors: list[Exception] = []
        for event in events:
            try:
                await self._call(event)
            except Exception as error:  # noqa: BLE001 - raised below
                errors.append(error)
        if errors:
            message = "the function failed"
            raise ExceptionGroup(message, errors)

    async def _call(self, event: RunLifecycle) -> None:
        if self._is_async:
            answer = self._function(event)
        else:
            answer = await asyncio.to_thread(self._function, event)
        if inspect.isawaitable(answer):
            await answer


__all__ = ["CallableSink"]
