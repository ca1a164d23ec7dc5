"""An application is started, stopped, and believed when it says that it failed."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from agent_host.asgi.lifespan import ApplicationLifespan
from agent_host.testing.live_server import live_server
from tests.asgi.edge import exchange
from tests.asgi.test_plain_http import CHUNKED, GET, LAST, answer


def starlette(*, fails: str = "", log: list[str], parked: asyncio.Event | None = None) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[dict[str, str]]:
        del app
        log.append("up")
        try:
            if parked is not None:
                parked.set()
                await asyncio.Event().wait()
            if fails == "up":
                raise LookupError(fails)
            yield {"key": "value"}
            if fails == "down":
                raise LookupError(fails)
        finally:
            log.append("down")

    return Starlette(lifespan=lifespan)


async def test_an_application_is_up_inside_and_down_after() -> None:
    log: list[str] = []

    async with ApplicationLifespan(starlette(log=log), stop=asyncio.Event()) as lifespan:
        assert lifespan.started
        assert lifespan.state == {"key": "value"}
        assert log == ["up"]

    assert log == ["up", "down"]


@pytest.mark.parametrize("when", ["up", "down"])
async def test_what_an_application_fails_with_is_raised_as_it_is(when: str) -> None:
    log: list[str] = []

    with pytest.raises(LookupError, match=when):
        async with ApplicationLifespan(starlette(fails=when, log=log), stop=asyncio.Event()):
            log.append("serving")

    assert log == (["up", "down"] if when == "up" else ["up", "serving", "down"])


async def test_an_error_of_the_body_is_not_wrapped_and_the_application_stops() -> None:
    log: list[str] = []

    with pytest.raises(KeyError):
        async with ApplicationLifespan(starlette(log=log), stop=asyncio.Event()):
            raise KeyError

    assert log == ["up", "down"]


async def test_stopping_while_it_starts_cancels_the_start() -> None:
    log: list[str] = []
    stop, parked = asyncio.Event(), asyncio.Event()
    app = starlette(log=log, parked=parked)

    async def serve() -> bool:
        async with ApplicationLifespan(app, stop=stop) as lifespan:
            return lifespan.started

    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(serve())
        await parked.wait()
        stop.set()

    assert serving.result() is False
    assert log == ["up", "down"]


async def test_being_cancelled_while_it_starts_leaves_nothing_running() -> None:
    log: list[str] = []
    parked = asyncio.Event()
    app = starlette(log=log, parked=parked)

    async def serve() -> None:
        async with ApplicationLifespan(app, stop=asyncio.Event()):
            pytest.fail("it never starts")

    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(serve())
        await parked.wait()
        serving.cancel()

    assert serving.cancelled()
    assert log == ["up", "down"]


async def test_an_application_without_lifespan_is_served() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        raise NotImplementedError(scope["type"])

    async with ApplicationLifespan(app, stop=asyncio.Event()) as lifespan:
        assert lifespan.started


async def test_an_application_that_only_says_that_it_failed_is_believed() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no disk"})

    with pytest.raises(RuntimeError, match="no disk"):
        async with ApplicationLifespan(app, stop=asyncio.Event()):
            pytest.fail("it did not start")


async def test_an_application_that_breaks_down_meanwhile_stops_the_server() -> None:
    broken, stop = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await broken.wait()
        message = "a background task died"
        raise LookupError(message)

    async def serve() -> None:
        async with ApplicationLifespan(app, stop=stop):
            broken.set()
            await stop.wait()

    with pytest.raises(LookupError, match="a background task died"):
        await serve()


@pytest.mark.parametrize("request_", [GET, CHUNKED], ids=["plain", "full"])
async def test_what_a_request_notes_in_its_state_no_other_sees(request_: bytes) -> None:
    states: list[dict[str, object]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            scope["state"]["key"] = "value"
            for stage in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{stage}.complete"})
            return
        while (await receive())["more_body"]:
            pass
        states.append(dict(scope["state"]))
        scope["state"]["noted"] = True
        await answer(send, b"")

    async with live_server(app) as url, asyncio.timeout(10):
        await exchange(url, request_ * 2 + LAST)

    assert states == [{"key": "value"}] * 3
