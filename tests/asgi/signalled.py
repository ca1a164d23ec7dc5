"""A server to send signals to: `python -m tests.asgi.signalled LOOP GRACE`.

Prints its URL and what happens to it. `/stream` sends one tick, and two more once the server has
begun to stop; `/stuck` sends one tick and nothing more.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from agent_host.asgi.server import ServerOptions, run_server, serve


class Ticker:
    """The application and what it is told by the server."""

    def __init__(self) -> None:
        self._stopping = asyncio.Event()
        routes = [Route("/stream", self._stream), Route("/stuck", self._stuck)]
        self.app = Starlette(routes=routes, lifespan=self._lifespan)

    def stop(self) -> None:
        say("stopping")
        self._stopping.set()

    async def _stream(self, request: Request) -> Response:
        del request

        async def body() -> AsyncGenerator[bytes]:
            yield b"tick\n"
            await self._stopping.wait()
            yield b"tick\n"
            yield b"tick\n"

        return StreamingResponse(body())

    async def _stuck(self, request: Request) -> Response:
        del request

        async def body() -> AsyncGenerator[bytes]:
            yield b"tick\n"
            try:
                await asyncio.Event().wait()
            finally:
                say("cut")

        return StreamingResponse(body())

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncGenerator[None]:
        del app
        say("up")
        yield
        say("down")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(loop: str, grace: str) -> None:
    ticker = Ticker()
    options = ServerOptions(port=0, grace=timedelta(seconds=float(grace)))
    if loop == "default":
        run_server(ticker.app, options, on_listening=say, on_stopping=ticker.stop)
    else:
        factory = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}[loop]
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(serve(ticker.app, options, on_listening=say, on_stopping=ticker.stop))
    say("over")


if __name__ == "__main__":
    main(*sys.argv[1:])
