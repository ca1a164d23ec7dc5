"""Serves an ASGI application for a test, on a real server and a free port of 127.0.0.1.

Runs in the test's own event loop, so that a test can share objects with the application. Starts
nothing that outlives the context.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from functools import partial
from typing import Final, Literal, TypeAlias

from starlette.types import ASGIApp

from agent_host.asgi.bind import bind, url_of
from agent_host.asgi.server import ServerOptions, serve

ServerName: TypeAlias = Literal["hypercorn", "uvicorn", "granian"]

_HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.005


@asynccontextmanager
async def live_server(
    app: ASGIApp, *, server: ServerName = "hypercorn", options: ServerOptions | None = None
) -> AsyncGenerator[str]:
    """The base URL of `app` while the context lasts; leaving stops the server gracefully.

    `hypercorn` is what the host itself runs on, and the only one to heed `options`, but for the
    address; the other two must be installed.

    Raises:
        Exception: whatever keeps the server or the application from starting.
    """
    stop = asyncio.Event()
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    runs: dict[ServerName, Callable[[], Awaitable[None]]] = {
        "hypercorn": partial(_run_hypercorn, app, stop, listening, options or ServerOptions()),
        "uvicorn": partial(_run_uvicorn, app, stop, listening),
        "granian": partial(_run_granian, app, stop, listening),
    }

    async def run() -> None:
        try:
            await runs[server]()
        except Exception as error:
            if listening.done():
                raise
            listening.set_exception(error)

    tasks = asyncio.TaskGroup()
    await tasks.__aenter__()
    tasks.create_task(run())
    try:
        yield await listening
    finally:
        stop.set()
        # What a test raises is none of the group's business, which would wrap it.
        await tasks.__aexit__(None, None, None)


async def _run_hypercorn(
    app: ASGIApp, stop: asyncio.Event, listening: asyncio.Future[str], options: ServerOptions
) -> None:
    options = replace(options, host=_HOST, port=0)
    await serve(app, options, shutdown=stop, on_listening=listening.set_result)


async def _run_uvicorn(app: ASGIApp, stop: asyncio.Event, listening: asyncio.Future[str]) -> None:
    import uvicorn  # noqa: PLC0415 - a development dependency, needed by nobody else

    with closing(await bind(_HOST, 0)) as sock:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve(sockets=[sock]))
            await _until_accepting(sock.getsockname()[1])
            listening.set_result(url_of(sock))
            await stop.wait()
            server.should_exit = True


async def _run_granian(app: ASGIApp, stop: asyncio.Event, listening: asyncio.Future[str]) -> None:
    from granian.constants import Interfaces  # noqa: PLC0415 - a development dependency
    from granian.server.embed import Server  # noqa: PLC0415 - a development dependency

    with closing(await bind(_HOST, 0)) as sock:
        url, port = url_of(sock), sock.getsockname()[1]
    server = Server(app, address=_HOST, port=port, interface=Interfaces.ASGI, log_enabled=False)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve())
        await _until_accepting(port)
        listening.set_result(url)
        await stop.wait()
        server.stop()  # type: ignore[no-untyped-call]  # granian has no annotation there


async def _until_accepting(port: int) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while True:
            try:
                _, writer = await asyncio.open_connection(_HOST, port)
            except ConnectionRefusedError:
                await asyncio.sleep(_POLL_SECONDS)
            else:
                writer.close()
                return


__all__ = ["ServerName", "live_server"]
