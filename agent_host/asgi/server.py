"""Serves an ASGI application over HTTP/1.1 and websockets until it is told to stop.

Owns the order of starting and stopping and the process's signals. What is served is none of its
business; reading and writing is `connection.py`'s.
"""

import asyncio
import gc
import importlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Generator
from contextlib import AsyncExitStack, ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType
from typing import Final, cast

from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from starlette.types import ASGIApp

from agent_host.asgi.bind import bind, bind_error, url_of
from agent_host.asgi.connection import Connection, Patience, Service
from agent_host.asgi.lifespan import ApplicationLifespan
from agent_host.asgi.turned_away import TurnedAway

_BACKLOG: Final = 2048
_FORCED_SECONDS: Final = 5.0
_PING_SECONDS: Final = 30.0
_YOUNG_OBJECTS: Final = 50_000
_OLD_ROUNDS: Final = 100
_ACCESS_LOG_FORMAT: Final = "%(m)s %(U)s %(s)s %(L)s"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """Where and how to serve.

    `grace` is how long requests may take to finish once the server stops. `keep_alive` is how long
    a connection may be without a request; it is longer than the idle limits of common proxies, as
    a proxy that is hung up on fails its next request. `head_time` is what a client
    has for the head of a request, from its first byte on, `body_time` how long it may keep the
    application waiting for the body; beyond, it is answered 408. One that takes no byte of what
    waits to be sent for `send_time` is hung up on. A connection beyond `connection_limit` is
    answered 503. `access_log` writes method, path, status and seconds to the logger
    `hypercorn.access`.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    grace: timedelta = timedelta(seconds=30)
    keep_alive: timedelta = timedelta(seconds=75)
    head_time: timedelta = timedelta(seconds=20)
    body_time: timedelta = timedelta(seconds=60)
    send_time: timedelta = timedelta(seconds=60)
    connection_limit: int = 10_000
    header_limit_bytes: int = 64 * 1024
    message_limit_bytes: int = 16 * 1024 * 1024
    access_log: bool = False


async def serve(
    app: ASGIApp,
    options: ServerOptions | None = None,
    *,
    shutdown: asyncio.Event | None = None,
    on_listening: Callable[[str], None] | None = None,
    on_stopping: Callable[[], None] | None = None,
) -> None:
    """Serve until `shutdown` is set; without one, until the process gets SIGINT or SIGTERM.

    Up: take the address, start the application, listen, tell `on_listening` the URL. Down: tell
    `on_stopping`, accept no more, close idle connections, wait for requests and streams within the
    grace, cancel those that are left, stop the application. A second SIGINT ends the process at
    once, as if nobody handled it.

    Raises:
        ConfigurationError: the address cannot be had.
        Exception: whatever the application raises while it starts or stops.
    """
    options = options or ServerOptions()
    stop = shutdown or asyncio.Event()
    async with AsyncExitStack() as stack:
        sock = stack.enter_context(closing(await bind(options.host, options.port)))
        if shutdown is None:
            stack.enter_context(_signals(stop))
        lifespan = await stack.enter_async_context(ApplicationLifespan(app, stop=stop))
        if not lifespan.started:
            return
        service = Service(
            app=app,
            config=_config(options),
            context=WorkerContext(None),
            state=lifespan.state,
            patience=Patience(
                idle=options.keep_alive.total_seconds(),
                head=options.head_time.total_seconds(),
                body=options.body_time.total_seconds(),
                send=options.send_time.total_seconds(),
            ),
        )
        connections = _Connections(service, limit=options.connection_limit)
        try:
            server = await asyncio.start_server(connections.serve, sock=sock, backlog=_BACKLOG)
        except OSError as error:  # another process took the port since
            raise bind_error(options.host, options.port, error) from error
        url = url_of(sock)
        try:
            if on_listening is not None:
                on_listening(url)
            await stop.wait()
        finally:
            if on_stopping is not None:
                on_stopping()
            server.close()
            await connections.finish(options.grace)


def run_server(
    app: ASGIApp,
    options: ServerOptions | None = None,
    *,
    on_listening: Callable[[str], None] | None = None,
    on_stopping: Callable[[], None] | None = None,
) -> None:
    """`serve` on a new event loop: uvloop's where it is installed, as it is the faster one.

    It returns although a task ignores its cancellation, which `asyncio.run` would wait for for
    ever: a hosted target may do that, and the process must end all the same.

    The process is taken to be the server's own: while it serves, what was there when it began to
    listen is left out of garbage collection.

    Raises:
        ConfigurationError: see `serve`, like every other exception.
    """
    collector = ExitStack()

    def listening(url: str) -> None:
        collector.enter_context(rare_collections())
        if on_listening is not None:
            on_listening(url)

    loop = (_loop_factory() or asyncio.new_event_loop)()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(
            serve(app, options, on_listening=listening, on_stopping=on_stopping)
        )
    finally:
        collector.close()
        loop.run_until_complete(_end_leftovers())
        asyncio.set_event_loop(None)
        loop.close()


async def _end_leftovers() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        _, stuck = await asyncio.wait(left, timeout=_FORCED_SECONDS)
        for task in stuck:
            _logger.error("a task ignores its cancellation and is left: %s", task.get_name())
    await asyncio.get_running_loop().shutdown_asyncgens()


class _Connections:
    """The connections that are open."""

    def __init__(self, service: Service, *, limit: int) -> None:
        self._service = service
        self._limit = limit
        self._turned_away = TurnedAway()
        self._open: dict[asyncio.Task[None], Connection] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection; the whole life of the task that asyncio makes for it."""
        if self._service.context.terminated.is_set():
            writer.close()  # it came while the server closed
            return
        if len(self._open) >= self._limit:
            await self._turned_away.serve(reader, writer)
            return
        task = cast("asyncio.Task[None]", asyncio.current_task())
        connection = Connection(self._service, reader, writer)
        self._open[task] = connection
        try:
            await connection.run()
        except asyncio.CancelledError:
            # This is the task's own end. Python 3.11 would report the cancellation as an error.
            _logger.debug("a connection was cut")
        except Exception:
            _logger.exception("a connection failed")
        finally:
            del self._open[task]

    async def finish(self, grace: timedelta) -> None:
        """Let what is going on finish within the grace, then cancel it."""
        await self._service.context.terminated.set()
        for connection in self._open.values():
            connection.stop()
        if await self._closed_within(grace.total_seconds()):
            return
        _logger.warning("%d connections were cut when the grace was over", len(self._open))
        for task in self._open:
            task.cancel()
        if not await self._closed_within(_FORCED_SECONDS):
            _logger.error("%d requests ignore that they were cancelled", len(self._open))

    async def _closed_within(self, seconds: float) -> bool:
        if self._open:
            await asyncio.wait(self._open, timeout=seconds)
        return not self._open


def _config(options: ServerOptions) -> Config:
    config = _Config()
    config.errorlog = logging.getLogger("hypercorn.error")
    config.h11_max_incomplete_size = options.header_limit_bytes
    config.include_server_header = False
    config.websocket_max_message_size = options.message_limit_bytes
    config.websocket_ping_interval = _PING_SECONDS
    if options.access_log:
        config.accesslog = logging.getLogger("hypercorn.access")
        config.access_log_format = _ACCESS_LOG_FORMAT
    return config


class _Config(Config):
    """Hypercorn's, with the headers that every response has made once a second."""

    _made_at = 0
    _made: tuple[tuple[bytes, bytes], ...] = ()

    def response_headers(self, protocol: str) -> list[tuple[bytes, bytes]]:
        """Date and server, as Hypercorn has them. A server speaks one protocol only."""
        now = int(time.time())
        if now != self._made_at:
            self._made = tuple(super().response_headers(protocol))
            self._made_at = now
        return list(self._made)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


@contextmanager
def rare_collections() -> Generator[None]:
    """Collect garbage less often than Python does by itself.

    Modules and configuration stay for ever, and requests leave no cycles behind, so that nearly all
    a collection visits is in use. With Python's own thresholds that takes a tenth of the time, and
    more where a store remembers much: a visit to all of it is put off the longest.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, before[1], _OLD_ROUNDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@contextmanager
def _signals(stop: asyncio.Event) -> Generator[None]:
    """Set `stop` on SIGINT and SIGTERM; from then on leave SIGINT to the system."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is told of signals
        return
    loop = asyncio.get_running_loop()

    def handle(number: int, frame: FrameType | None) -> None:
        del number, frame
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        loop.call_soon_threadsafe(stop.set)

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [(number, signal.signal(number, handle)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


__all__ = ["ServerOptions", "rare_collections", "run_server", "serve"]
