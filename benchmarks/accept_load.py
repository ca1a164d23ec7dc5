"""One side's turn at taking events, in a process of its own.

Run as `python -m benchmarks.accept_load SIDE accept FOLDER COUNT`, SIDE being `ours` or
`journal`; it prints one JSON object.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, cast

import uvloop
from diskcache import Cache  # type: ignore[import-untyped]

from agent_host import AgentHost
from agent_host.asgi.server import rare_collections
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.stores.disk import DiskStateStore
from agent_host.types import Caller, ChannelIdentity, ChannelRequest, Conversation, Message

CALLERS = 16


class _Texts(Protocol):
    """What is used of a `Cache`, which has no types of its own."""

    def add(self, key: str, value: str) -> bool: ...

    def set(self, key: str, value: str) -> object: ...

    def close(self) -> None: ...


@asynccontextmanager
async def _ours(folder: Path) -> AsyncGenerator[Callable[[int], Awaitable[None]]]:
    """The whole of `accept`, with a runner that starts nothing: only the taking is measured."""

    async def echo(text: str) -> str:
        return text

    store = DiskStateStore(folder)
    runner = StoreTaskRunner(store)
    context = AgentHost(echo, store=store, runner=runner).context

    async def accept(number: int) -> None:
        person = f"U{number % 1000}"
        caller = Caller(
            channel="chat",
            account="bot",
            identity=ChannelIdentity(channel="chat", account="bot", native_id=person),
            conversation=Conversation(id=person),
        )
        request = ChannelRequest(caller=caller, input=(Message.user("hello"),))
        await context.accept(f"event-{number}", request)

    async with store, runner:
        yield accept


@asynccontextmanager
async def _journal(folder: Path) -> AsyncGenerator[Callable[[int], Awaitable[None]]]:
    """A diskcache that is asked whether it knows the event, and told of it. Nothing is synced."""
    cache = cast("_Texts", Cache(str(folder)))

    async def accept(number: int) -> None:
        event = json.dumps({"person": f"U{number % 1000}", "text": "hello"})
        if cache.add(f"key-{number}", ""):
            cache.set(f"event-{number}", event)
        await asyncio.sleep(0)

    yield accept
    cache.close()


async def _run(name: str, folder: Path, count: int) -> dict[str, float]:
    numbers = iter(range(count))
    async with {"ours": _ours, "journal": _journal}[name](folder) as accept:

        async def call() -> None:
            for number in numbers:
                await accept(number)

        began_at = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(CALLERS):
                group.create_task(call())
        return {"rate": count / (time.perf_counter() - began_at)}


def main() -> None:
    """Do what the arguments say, as the server is set up to: uvloop, and rare collections."""
    name, _, folder, count = sys.argv[1:]
    with rare_collections(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(_run(name, Path(folder), int(count)))))


if __name__ == "__main__":
    main()
