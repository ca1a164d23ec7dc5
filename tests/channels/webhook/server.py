"""A server with webhooks on a disk store, in a process of its own, to be killed.

Run as `python -m tests.channels.webhook.server FOLDER`. It prints its URL, and what it is told: in
a folder's first life it does that without ever answering.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from agent_host import AgentHost
from agent_host.asgi.server import ServerOptions
from agent_host.stores.disk import DiskStateStore
from agent_host.types import (
    RunCompleted,
    RunEvent,
    RunResult,
    TargetCapabilities,
    TargetDescription,
    Turn,
)
from agent_host_webhook import WebhookChannel, WebhookConfig
from tests.contract.webhook_driver import endpoint


class Speaker:
    """Does no harm when it is run again after a crash."""

    description = TargetDescription(name="speaker")
    capabilities = TargetCapabilities(rerunnable=True)

    def __init__(self, *, is_silent: bool) -> None:
        self._is_silent = is_silent

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        if self._is_silent:
            await asyncio.Event().wait()
        print(turn.text, flush=True)
        yield RunCompleted(result=RunResult.of_text(turn.text))


def main() -> None:
    """Serve until it is killed, or told to stop."""
    folder = Path(sys.argv[1], "state")

    endpoints = (endpoint("now", reply="now"), endpoint("later"))
    host = AgentHost(
        Speaker(is_silent=not folder.exists()),
        channels=[WebhookChannel(WebhookConfig(endpoints=endpoints))],
        store=DiskStateStore(folder),
    )
    host.run(ServerOptions(port=0), on_listening=lambda url: print(url, flush=True))


if __name__ == "__main__":
    main()
