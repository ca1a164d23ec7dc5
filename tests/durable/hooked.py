"""A host whose `run_hook` ends its process for a turn that says so, once the gate is open."""

import os
import signal
import sys
from pathlib import Path

from agent_host import AgentHost
from agent_host.asgi.server import ServerOptions
from agent_host.stores.disk import DiskStateStore
from agent_host.target_loader import load_target
from agent_host.types import Turn
from agent_host_rest import RestChannel
from tests.durable.target import GATE, note

POISON = "poison"


async def hook(turn: Turn) -> Turn:
    """Notes every call."""
    note(turn)
    if turn.text == POISON and Path(os.environ[GATE]).exists():  # noqa: ASYNC240 - see the target
        os.kill(os.getpid(), signal.SIGKILL)
    return turn


def main(folder: str, target: str) -> None:
    """Serve until it is killed."""
    host = AgentHost(
        load_target(target),
        channels=[RestChannel()],
        store=DiskStateStore(Path(folder)),
        run_hook=hook,
    )
    host.run(
        ServerOptions(port=0), on_listening=lambda url: print(f"it is hosted on {url}", flush=True)
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
