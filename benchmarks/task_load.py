"""One side's turn at durable tasks, in a process of its own.

Run as `python -m benchmarks.task_load SIDE WHAT FOLDER COUNT`, SIDE being `ours` or `journal` and
WHAT `schedule`, `end_to_end`, `fill` or `resume`; it prints one JSON object.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import psutil
import uvloop

from agent_host.asgi.server import rare_collections
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.stores.disk import DiskStateStore
from agent_host.types.task import RetryPolicy, Task, TaskSpec
from benchmarks.task_journal import TaskJournal

CALLERS = 64
CONCURRENCY = 64
_PAYLOAD = '{"v":1,"run":"run_0123456789abcdef","text":"hello"}'
_PULSE_SECONDS = 0.002


class Side(Protocol):
    """Something that does tasks."""

    async def schedule(self) -> None:
        """Have one more done. It is safe when this returns."""
        ...

    def resume(self) -> None:
        """Start doing them."""
        ...


class Finish:
    """Counts what was done."""

    def __init__(self, count: int) -> None:
        self._left = count
        self.first_at = 0.0
        self.done = asyncio.Event()

    async def __call__(self, _: object) -> None:
        """One more."""
        self.first_at = self.first_at or time.perf_counter()
        self._left -= 1
        if not self._left:
            self.done.set()


class _Ours:
    def __init__(self, runner: StoreTaskRunner) -> None:
        self._runner = runner
        self._payload = _PAYLOAD.encode()

    async def schedule(self) -> None:
        await self._runner.schedule(TaskSpec(kind="benchmark", payload=self._payload))

    def resume(self) -> None:
        self._runner.resume()


class _Theirs:
    def __init__(self, journal: TaskJournal) -> None:
        self._journal = journal

    async def schedule(self) -> None:
        await self._journal.schedule(_PAYLOAD)

    def resume(self) -> None:
        self._journal.resume()


@asynccontextmanager
async def _side(
    name: str, folder: Path, handler: Callable[[object], Awaitable[None]]
) -> AsyncGenerator[Side]:
    if name == "journal":
        async with TaskJournal(folder, handler) as journal:
            yield _Theirs(journal)
        return

    async def handle(task: Task) -> None:
        await handler(task)

    async with DiskStateStore(folder) as store, StoreTaskRunner(store) as runner:
        runner.register("benchmark", handle, concurrency=CONCURRENCY, retry=RetryPolicy())
        yield _Ours(runner)


async def _schedule(side: Side, count: int) -> float:
    """Have so many callers schedule all of it between them; the seconds it took."""

    async def call() -> None:
        for _ in range(count // CALLERS):
            await side.schedule()

    began_at = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(CALLERS):
            group.create_task(call())
    return time.perf_counter() - began_at


async def _run(name: str, what: str, folder: Path, count: int) -> dict[str, float]:
    count -= count % CALLERS
    finish = Finish(count)
    before_bytes = psutil.Process().memory_info().rss
    began_at = time.perf_counter()
    async with _side(name, folder, finish) as side:
        if what in {"schedule", "fill"}:
            seconds = await _schedule(side, count)
            return {"rate": count / seconds}
        if what == "end_to_end":
            side.resume()
            began_at = time.perf_counter()
            await _schedule(side, count)
            await finish.done.wait()
            return {"rate": count / (time.perf_counter() - began_at)}
        async with _pulse() as stalls:
            side.resume()
            await finish.done.wait()
        seconds = time.perf_counter() - began_at
        return {
            "rate": count / seconds,
            "first_s": finish.first_at - began_at,
            "stall_ms": 1000 * max(stalls),
            "growth_mib": (psutil.Process().memory_info().rss - before_bytes) / 1024**2,
        }


@asynccontextmanager
async def _pulse() -> AsyncGenerator[list[float]]:
    """How much later than it should the event loop came back, each time."""
    late: list[float] = [0.0]

    async def beat() -> None:
        while True:
            due_at = time.perf_counter() + _PULSE_SECONDS
            await asyncio.sleep(_PULSE_SECONDS)
            late.append(time.perf_counter() - due_at)

    async with asyncio.TaskGroup() as group:
        beating = group.create_task(beat())
        await asyncio.sleep(_PULSE_SECONDS)
        try:
            yield late
        finally:
            # One more, so that a stall that is under way is seen.
            await asyncio.sleep(2 * _PULSE_SECONDS)
            beating.cancel()


def main() -> None:
    """Do what the arguments say, as the server is set up to: uvloop, and rare collections."""
    name, what, folder, count = sys.argv[1:]
    with rare_collections(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(_run(name, what, Path(folder), int(count)))))


if __name__ == "__main__":
    main()
