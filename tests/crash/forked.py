"""Processes forked from one that has imported all of it and does nothing else, so that a host's
life begins in a tenth of a second. Awaited, not polled.
"""

import asyncio
import multiprocessing
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, Self

_START_SECONDS: Final = 60.0

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.crash.child"])


class ForkedProcess:
    """`main` is called in a process of its own, with `arguments` and a pipe to tell a word by."""

    def __init__(self, main: Callable[..., None], *arguments: object) -> None:
        self._pipe, theirs = _context.Pipe(duplex=False)
        self._process = _context.Process(target=main, args=(*arguments, theirs), daemon=True)
        self._process.start()
        theirs.close()

    @classmethod
    @contextmanager
    def running(cls, main: Callable[..., None], *arguments: object) -> Generator[Self]:
        """It is killed in the end, if it has not ended."""
        process = cls(main, *arguments)
        try:
            yield process
        finally:
            process.kill()
            process._close()

    async def word(self) -> str | None:
        """What it says first; None if it ends without a word."""
        await _readable(self._pipe.fileno(), _START_SECONDS)
        try:
            return self._pipe.recv_bytes().decode()
        except EOFError:
            return None

    async def ended(self, seconds: float) -> int | None:
        """Its exit code, negative for a signal; None if it goes on for longer than that."""
        if not await _readable(self._process.sentinel, seconds):
            return None
        self._process.join()
        return self._process.exitcode

    def kill(self) -> None:
        """SIGKILL, at once."""
        self._process.kill()

    def terminate(self) -> None:
        """Ask it to stop in order."""
        self._process.terminate()

    def _close(self) -> None:
        self._process.join()
        self._process.close()
        self._pipe.close()


async def _readable(descriptor: int, seconds: float) -> bool:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        async with asyncio.timeout(seconds):
            await ready.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(descriptor)
    return True


__all__ = ["ForkedProcess"]
