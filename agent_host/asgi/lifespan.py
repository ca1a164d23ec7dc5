"""Starts and stops an ASGI application by the lifespan protocol
(https://asgi.readthedocs.io/en/latest/specs/lifespan.html, version 2.0).
"""

import asyncio
import logging
from types import TracebackType
from typing import Any, Self

from starlette.types import ASGIApp, Message

_logger = logging.getLogger(__name__)


class ApplicationLifespan:
    """An application from its start-up to its shutdown, both in one task, as an async context.

    Entering returns once the application has started; `stop` set before that cancels the start-up,
    and `started` stays False. An exception of the application while it starts or stops is raised
    unchanged. If its lifespan fails in between, `stop` is set and leaving raises the exception.
    An application without lifespan support counts as started.
    """

    def __init__(self, app: ASGIApp, *, stop: asyncio.Event) -> None:
        self.state: dict[str, Any] = {}
        self.started = False
        self._app = app
        self._stop = stop
        self._settled = asyncio.Event()
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._tasks = asyncio.TaskGroup()
        self._refusal: str | None = None
        self._error: Exception | None = None

    async def __aenter__(self) -> Self:
        """Start the application."""
        await self._tasks.__aenter__()
        running = self._tasks.create_task(self._run())
        giving_up = self._tasks.create_task(self._cancel_on_stop(running))
        try:
            await self._settled.wait()
        except asyncio.CancelledError:
            running.cancel()
            giving_up.cancel()
            await self._finish()
            raise
        giving_up.cancel()
        if not self.started:
            await self._finish()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the application, however the body ended."""
        self._to_app.put_nowait({"type": "lifespan.shutdown"})
        await self._finish()

    async def _finish(self) -> None:
        # None of the body's business: an exception from there would be wrapped into a group.
        await self._tasks.__aexit__(None, None, None)
        if self._error is not None:
            raise self._error

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        self._to_app.put_nowait({"type": "lifespan.startup"})
        try:
            await self._app(scope, self._to_app.get, self._from_app)
        except Exception as error:  # noqa: BLE001 - raised again where the context is left
            if self.started or self._refusal is not None:
                self._error = error
                if self.started:
                    self._stop.set()
            else:
                # The specification's way to say that the application has no lifespan.
                _logger.debug("the application has no lifespan: %s", type(error).__name__)
                self.started = True
        else:
            if self._refusal is not None:
                self._error = RuntimeError(f"The application did not start: {self._refusal}")
        finally:
            self._settled.set()

    async def _from_app(self, message: Message) -> None:
        if message["type"] == "lifespan.startup.complete":
            self.started = True
            self._settled.set()
        elif message["type"] in {"lifespan.startup.failed", "lifespan.shutdown.failed"}:
            self._refusal = message.get("message", "")

    async def _cancel_on_stop(self, running: asyncio.Task[None]) -> None:
        await self._stop.wait()
        running.cancel()


__all__ = ["ApplicationLifespan"]
