"""A host to be run in a process of its own: `python -m tests.served TARGET`. Prints its URL."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from datetime import timedelta

from agent_host import AgentHost
from agent_host.asgi.server import ServerOptions
from agent_host.types import RunPolicy
from agent_host_rest import RestChannel


async def slowly(text: str) -> AsyncIterator[str]:
    """Says its words one by one, over about half a second."""
    for word in text.split():
        yield f"{word} "
        await asyncio.sleep(0.1)


async def stuck(_: str) -> str:
    """Ignores every cancellation."""
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


def main() -> None:
    """Serve until a signal comes."""
    policy = RunPolicy(
        time_limit=timedelta(seconds=0.2 if sys.argv[1] == "stuck" else 60),
        cancel_grace=timedelta(seconds=0.1),
    )
    target = {"slowly": slowly, "stuck": stuck}[sys.argv[1]]
    host = AgentHost(target, channels=[RestChannel()], run_policy=policy)
    options = ServerOptions(port=0, grace=timedelta(seconds=10))
    host.run(options, on_listening=lambda url: print(url, flush=True))


if __name__ == "__main__":
    main()
