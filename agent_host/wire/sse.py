"""Writes the frames of an event stream to an HTTP response, each as it comes.

https://html.spec.whatwg.org/multipage/server-sent-events.html. A response of its own rather than
Starlette's `StreamingResponse`: no task for a stream that is over soon, a heartbeat in the
silences, and an end for a client that takes nothing.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Final, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from agent_host.errors import HostError
from agent_host.wire.disconnect import DisconnectWatch
from agent_host.wire.header import RawHeaders

_OK: Final = int(HTTPStatus.OK)
_HEADERS: Final[RawHeaders] = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_HEARTBEAT: Final = b": heartbeat\n\n"
_HIGH_WATER_BYTES: Final = 64 * 1024
"""How much may be on its way to one client, besides what the server itself holds."""

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSource:
    """What to write: `headers` besides those of every event stream, and the frames. `fail` makes
    the last frame of a stream that broke off.
    """

    headers: RawHeaders
    frames: AsyncIterator[bytes]
    fail: Callable[[HostError], bytes]


class Pace(Protocol):
    """How long a stream may be silent; a channel's configuration is one."""

    @property
    def heartbeat_interval(self) -> timedelta:
        """After so long a silence a comment is sent."""
        ...

    @property
    def stalled_client_limit(self) -> timedelta:
        """A client that takes nothing for so long is let go."""
        ...


class EventStreamResponse(Response):
    """Opens its source when it is sent, so that what opening raises is still an error response."""

    def __init__(self, source: AbstractAsyncContextManager[FrameSource], *, pace: Pace) -> None:
        self._source = source
        self._heartbeat = pace.heartbeat_interval.total_seconds()
        self._stall_limit = pace.stalled_client_limit.total_seconds()
        self.status_code = _OK
        self.body = b""
        self.raw_headers = list(_HEADERS)
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write until the source ends or the client leaves.

        Raises:
            HostError: from opening the source; nothing was sent then.
        """
        async with DisconnectWatch(receive) as watch, self._source as source:
            await send(
                {
                    "type": "http.response.start",
                    "status": _OK,
                    "headers": [*_HEADERS, *source.headers],
                }
            )
            writer = _FrameWriter(
                send, watch, heartbeat=self._heartbeat, stall_limit=self._stall_limit
            )
            try:
                if scope["method"] != "HEAD":
                    await _write_all(source, writer)
                await writer.finish()
            except OSError:
                _LOG.debug("an event stream's client left")
            finally:
                writer.close()


async def _write_all(source: FrameSource, writer: "_FrameWriter") -> None:
    try:
        async for frame in source.frames:
            await writer.write(frame)
    except HostError as error:
        _LOG.warning("an event stream broke off with code %s", error.code)
        await writer.write(source.fail(error))


class _FrameWriter:
    """Sends frames in order, and heartbeats in the silences.

    Frames that are there at once go out together; the first wait for the next one sends what there
    is. So a stream that is never waited for costs no task and one write, and an idle
    one holds no task either.
    """

    __slots__ = (
        "_frames",
        "_heartbeat",
        "_loop",
        "_room",
        "_send",
        "_sending",
        "_since",
        "_size",
        "_stall_limit",
        "_starter",
        "_timer",
        "_watch",
    )

    def __init__(
        self, send: Send, watch: DisconnectWatch, *, heartbeat: float, stall_limit: float
    ) -> None:
        self._send = send
        self._watch = watch
        self._heartbeat = heartbeat
        self._stall_limit = stall_limit
        self._frames: list[bytes] = []
        self._size = 0
        self._sending = False
        self._starter: asyncio.Handle | None = None
        self._room = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()
        self._timer = self._loop.call_later(min(heartbeat, stall_limit), self._check)

    async def write(self, frame: bytes) -> None:
        """Send it soon; wait while too much is on its way."""
        self._put(frame)
        while self._size > _HIGH_WATER_BYTES:
            await self._wait_for_room()

    async def finish(self) -> None:
        """Send what is left and the end of the response."""
        while self._sending:
            await self._wait_for_room()
        await self._push(more_body=False)

    def close(self) -> None:
        if self._starter is not None:
            self._starter.cancel()
        self._timer.cancel()

    def _put(self, frame: bytes) -> None:
        self._frames.append(frame)
        self._size += len(frame)
        if self._starter is None:
            self._starter = self._loop.call_soon(self._start)

    async def _wait_for_room(self) -> None:
        self._room.clear()
        await self._room.wait()

    def _start(self) -> None:
        self._watch.spawn(self._push_all())

    async def _push_all(self) -> None:
        try:
            while self._frames:
                await self._push(more_body=True)
        except OSError:
            self._watch.leave()
        else:
            self._starter = None

    async def _push(self, *, more_body: bool) -> None:
        body = b"".join(self._frames)
        self._frames.clear()
        self._sending = True
        self._since = self._loop.time()
        await self._send({"type": "http.response.body", "body": body, "more_body": more_body})
        self._since = self._loop.time()
        self._sending = False
        self._size -= len(body)
        self._room.set()

    def _check(self) -> None:
        silence = self._loop.time() - self._since
        limit = self._stall_limit if self._sending else self._heartbeat
        if silence >= limit:
            if self._sending:
                _LOG.info("an event stream's client takes nothing and is let go")
                self._watch.leave()
                return
            self._put(_HEARTBEAT)
            silence = 0.0
        self._timer = self._loop.call_later(min(limit - silence, self._stall_limit), self._check)


__all__ = ["EventStreamResponse", "FrameSource", "Pace"]
