"""One turn each of many people, none of whom comes back, and what the process holds after them.

Run as `python -m benchmarks.people EARLY ALL`; it prints one JSON object. Every turn goes through
the whole pipeline by the host's context, with the principal set as the host's guard would set it.
"""

import asyncio
import gc
import json
import sys

import psutil
import uvloop

from agent_host.context import current_principal
from agent_host.types import Caller, ChannelRequest, Message, Principal, RunStatus
from benchmarks import core
from benchmarks.application import echo_host_for_people

_CALLER = Caller(channel="rest")


async def _count(early: int, late: int) -> dict[str, int]:
    async with echo_host_for_people() as host:
        counted = {"idle_bytes": _resident_bytes()}
        for number in range(1, late + 1):
            current_principal.set(Principal(id=f"person {number}", kind="token"))
            request = ChannelRequest(caller=_CALLER, input=(Message.user("hello"),))
            hosted = await host.context.run(request)
            assert hosted.run.status is RunStatus.COMPLETED
            assert hosted.run.session_id is not None
            if number == early:
                counted["early_bytes"] = _resident_bytes()
        counted["late_bytes"] = _resident_bytes()
    return counted


def _resident_bytes() -> int:
    gc.collect()
    return int(psutil.Process().memory_info().rss)


def main() -> None:
    """Count and print."""
    core.pin(core.LOAD_CORE)
    early, late = map(int, sys.argv[1:])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(_count(early, late))))


if __name__ == "__main__":
    main()
