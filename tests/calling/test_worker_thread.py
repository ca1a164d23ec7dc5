"""Worker threads: bounded, and what they raise is raised."""

import asyncio
import threading

import pytest

from agent_host.calling.worker_thread import WorkerThreads


async def test_a_call_returns_or_raises() -> None:
    threads = WorkerThreads()
    assert await threads.call(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await threads.call(divmod, 7, 0)


async def test_no_more_calls_run_than_the_limit_even_when_cancelled() -> None:
    threads = WorkerThreads(limit=1)
    started, release = threading.Event(), threading.Event()

    def block() -> None:
        started.set()
        assert release.wait(30)

    first = asyncio.ensure_future(threads.call(block))
    await asyncio.to_thread(started.wait, 30)
    first.cancel()
    second = asyncio.ensure_future(threads.call(threading.get_ident))
    await asyncio.to_thread(lambda: None)
    assert not second.done()  # The cancelled call still holds the only place.
    release.set()
    assert await second != threading.get_ident()
    assert first.cancelled()


def test_a_call_that_outlives_the_loop_harms_nobody() -> None:
    started, release, ended = threading.Event(), threading.Event(), threading.Event()

    def block() -> None:
        started.set()
        assert release.wait(30)
        ended.set()

    async def leave() -> None:
        running = asyncio.ensure_future(WorkerThreads().call(block))
        await asyncio.to_thread(started.wait, 30)
        running.cancel()

    asyncio.run(leave())
    release.set()
    assert ended.wait(30)
