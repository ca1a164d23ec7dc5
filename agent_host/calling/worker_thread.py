"""Blocking Python, off the event loop.

Threads are daemons and bounded in number, so that a call which never returns can neither keep the
process from exiting nor take the threads that everything else in it shares.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

DEFAULT_LIMIT: Final = 64
"""Calls that run at once; more wait."""


class WorkerThreads:
    """Runs blocking calls, each in a thread of its own, at most `limit` at once."""

    __slots__ = ("_slots",)

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._slots = asyncio.Semaphore(limit)

    async def call(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """What `function` returns or raises, in the caller's context variables.

        A thread cannot be killed: if the wait is cancelled the call runs on to its end unheard,
        and holds its place until then. `function` must not raise `StopIteration`.
        """
        await self._slots.acquire()
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[R] = loop.create_future()
        context = copy_context()

        def settle(result: Callable[[], None]) -> None:
            self._slots.release()
            if not outcome.done():
                result()

        def work() -> None:
            try:
                value = context.run(function, *args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
                failure = error
                report = lambda: outcome.set_exception(failure)  # noqa: E731
            else:
                report = lambda: outcome.set_result(value)  # noqa: E731
            # A closed loop means that the process is going down and nobody waits.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, report)

        threading.Thread(target=work, name="agent-host-call", daemon=True).start()
        return await outcome


__all__ = ["DEFAULT_LIMIT", "WorkerThreads"]
