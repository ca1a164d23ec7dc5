"""A real process that is told to stop."""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.asgi.edge import connected

ROOT = Path(__file__).parents[2]
LOOPS = pytest.mark.parametrize("loop", ["asyncio", "uvloop"])


@dataclass
class Server:
    """The process and where it listens."""

    process: asyncio.subprocess.Process
    url: str = ""

    async def line(self) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(20):
            return (await self.process.stdout.readline()).decode().strip()

    async def exit_code(self) -> int:
        async with asyncio.timeout(20):
            return await self.process.wait()


@asynccontextmanager
async def server(loop: str, *, grace: float = 30) -> AsyncGenerator[Server]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.asgi.signalled", loop, str(grace)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    served = Server(process)
    try:
        assert await served.line() == "up"
        served.url = await served.line()
        yield served
    finally:
        if process.returncode is None:
            process.kill()
        _, complaints = await process.communicate()
    assert b"Traceback" not in complaints, complaints.decode()


@LOOPS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stream_ends_whole_and_nobody_new_comes_in(
    loop: str, number: signal.Signals
) -> None:
    async with (
        server(loop) as served,
        httpx.AsyncClient(base_url=served.url) as client,
        client.stream("GET", "/stream") as response,
    ):
        ticks = response.aiter_lines()
        assert await anext(ticks) == "tick"

        served.process.send_signal(number)

        assert await served.line() == "stopping"
        assert [tick async for tick in ticks] == ["tick", "tick"]
        async with httpx.AsyncClient(base_url=served.url) as stranger:
            with pytest.raises(httpx.ConnectError):
                await stranger.get("/stream")
        assert [await served.line(), await served.line()] == ["down", "over"]
        assert await served.exit_code() == 0


@LOOPS
async def test_idle_connections_do_not_keep_it(loop: str) -> None:
    async with (
        server(loop, grace=600) as served,
        httpx.AsyncClient(base_url=served.url) as client,
        connected(served.url),
    ):
        assert (await client.get("/nowhere")).status_code == 404

        served.process.terminate()

        assert await served.exit_code() == 0


@LOOPS
async def test_what_does_not_end_within_the_grace_is_cut(loop: str) -> None:
    async with (
        server(loop, grace=0.05) as served,
        httpx.AsyncClient(base_url=served.url) as client,
        client.stream("GET", "/stuck") as response,
    ):
        ticks = response.aiter_lines()
        assert await anext(ticks) == "tick"

        served.process.terminate()

        with pytest.raises(httpx.RemoteProtocolError):
            await anext(ticks)
        assert [await served.line() for _ in range(4)] == ["stopping", "cut", "down", "over"]
        assert await served.exit_code() == 0


@LOOPS
async def test_a_second_interrupt_ends_it_at_once(loop: str) -> None:
    async with (
        server(loop, grace=600) as served,
        httpx.AsyncClient(base_url=served.url) as client,
        client.stream("GET", "/stuck") as response,
    ):
        ticks = response.aiter_lines()  # let go of, it would close the connection
        assert await anext(ticks) == "tick"

        served.process.send_signal(signal.SIGINT)
        assert await served.line() == "stopping"
        served.process.send_signal(signal.SIGINT)

        assert await served.exit_code() == -signal.SIGINT


async def test_a_second_termination_changes_nothing() -> None:
    """Process supervisors send it more than once."""
    async with (
        server("default", grace=600) as served,
        httpx.AsyncClient(base_url=served.url) as client,
    ):
        async with client.stream("GET", "/stuck") as response:
            ticks = response.aiter_lines()  # let go of, it would close the connection
            assert await anext(ticks) == "tick"
            served.process.terminate()
            assert await served.line() == "stopping"
            served.process.terminate()

        assert [await served.line() for _ in range(3)] == ["cut", "down", "over"]
        assert await served.exit_code() == 0
