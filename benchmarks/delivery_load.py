"""A host that delivers, in a process of its own.

Run as `python -m benchmarks.delivery_load WHAT FOLDER COUNT`, WHAT being `end_to_end`, `fill`,
`resume` or `fan_out`; it prints one JSON object. The channel does nothing, and does it at once.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import uvloop

from agent_host import AgentHost
from agent_host.asgi.server import rare_collections
from agent_host.delivery.option import DeliveryOptions
from agent_host.delivery.result_codec import ResultCodec
from agent_host.errors import PushError, PushErrorClass
from agent_host.protocols.channel import ChannelRoute
from agent_host.protocols.host_context import HostContext
from agent_host.stores.disk import DiskStateStore
from agent_host.system import SystemClock
from agent_host.testing.identity_registry import MemoryIdentityRegistry
from agent_host.types import (
    ChannelIdentity,
    DeliveryPolicy,
    IsolationKey,
    Owner,
    Push,
    PushReceipt,
    ResponseTarget,
)

CALLERS: Final = 64
STORM: Final = 1000
SOME: Final = 5_000
"""So many of those that were left say how fast the others follow."""

BYSTANDERS: Final = 50
_POLICY: Final = DeliveryPolicy(destination_limit=STORM, spacing=timedelta(milliseconds=5))
_ALL: Final = ResponseTarget(kind="all_linked")


class NoOpPush:
    """Takes everything but what goes to odd numbers of a storm, and remembers when."""

    codec = ResultCodec()
    rate = None
    is_idempotent = True

    def __init__(self) -> None:
        self.count = 0
        self.first_at = 0.0
        self.at: dict[str, float] = {}
        self.changed = asyncio.Event()

    async def push(self, push: Push) -> PushReceipt:
        """Count it."""
        identity = push.destination.identity
        name = "" if identity is None else identity.native_id
        if name.startswith("storm-") and int(name.removeprefix("storm-")) % 2:
            raise PushError(PushErrorClass.TRANSIENT, "busy")
        now = time.perf_counter()
        self.first_at = self.first_at or now
        self.count += 1
        self.at[name] = now
        self.changed.set()
        return PushReceipt()

    async def until(self, count: int) -> None:
        """Return once so many were taken."""
        while self.count < count:
            self.changed.clear()
            await self.changed.wait()


class NoOpChannel:
    """Pushes only."""

    name = "chat"

    def __init__(self) -> None:
        self.push = NoOpPush()

    def routes(self, context: HostContext) -> Sequence[ChannelRoute]:  # noqa: ARG002
        """None."""
        return ()

    @asynccontextmanager
    async def lifespan(self, context: HostContext) -> AsyncGenerator[None]:  # noqa: ARG002
        """Nothing has to be open."""
        yield


class TomorrowClock(SystemClock):
    """The machine's, a day on: what was left for later is due."""

    def now(self) -> datetime:
        """Aware UTC."""
        return super().now() + timedelta(days=1)


async def _silent(text: str) -> str:
    return text


def _host(
    folder: Path, registry: MemoryIdentityRegistry, clock: SystemClock | None = None
) -> tuple[AgentHost, NoOpPush]:
    clock = clock or SystemClock()
    channel = NoOpChannel()
    options = DeliveryOptions(registry=registry, policy=_POLICY)
    host = AgentHost(
        _silent,
        channels=[channel],
        store=DiskStateStore(folder),
        delivery=options,
        clock=clock,
    )
    return host, channel.push


def _person(name: str) -> ChannelIdentity:
    return ChannelIdentity(channel="chat", account="default", native_id=name)


async def _send(host: AgentHost, count: int, *, at: timedelta | None = None) -> None:
    """Each to somebody else, by many callers."""

    async def call(caller: int) -> None:
        for number in range(count // CALLERS):
            await host.deliver("hello", to=_person(f"{caller}-{number}"), at=at)

    async with asyncio.TaskGroup() as group:
        for caller in range(CALLERS):
            group.create_task(call(caller))


async def _end_to_end(folder: Path, count: int) -> dict[str, float]:
    host, push = _host(folder, MemoryIdentityRegistry())
    count -= count % CALLERS
    async with host:
        began_at = time.perf_counter()
        await _send(host, count)
        await push.until(count)
        return {"rate": count / (time.perf_counter() - began_at)}


async def _fill(folder: Path, count: int) -> dict[str, float]:
    """Leave so many for later."""
    host, _ = _host(folder, MemoryIdentityRegistry())
    async with host:
        began_at = time.perf_counter()
        await _send(host, count, at=timedelta(hours=1))
        return {"rate": count / (time.perf_counter() - began_at)}


async def _resume(folder: Path, count: int) -> dict[str, float]:
    host, push = _host(folder, MemoryIdentityRegistry(), TomorrowClock())
    began_at = time.perf_counter()
    async with host:
        await push.until(1)
        first_s = push.first_at - began_at
        some = min(count - count % CALLERS, SOME)
        await push.until(some)
        return {"first_s": first_s, "rate": some / (time.perf_counter() - began_at)}


async def _fan_out(folder: Path, count: int) -> dict[str, float]:
    """How long bystanders wait, in quiet and in a storm of one person."""
    registry = MemoryIdentityRegistry()
    owner = Owner(tenant="default", isolation_key=IsolationKey("iso_storm"))
    for number in range(count):
        registry.link(owner, _person(f"storm-{number}"))
    host, push = _host(folder, registry)
    async with host:
        quiet = await _bystand(host, push, "quiet")
        await host.deliver("storm", to=owner, target=_ALL)
        storm = await _bystand(host, push, "storm_by")
    return {
        "quiet_p99_ms": 1000 * _p99(quiet),
        "storm_p99_ms": 1000 * _p99(storm),
        "ratio": _p99(storm) / _p99(quiet),
    }


async def _bystand(host: AgentHost, push: NoOpPush, name: str) -> list[float]:
    waits: list[float] = []
    for number in range(BYSTANDERS):
        who = f"{name}{number}"
        began_at = time.perf_counter()
        await host.deliver("hello", to=_person(who))
        while who not in push.at:
            push.changed.clear()
            await push.changed.wait()
        waits.append(push.at[who] - began_at)
    return waits


def _p99(waits: list[float]) -> float:
    return statistics.quantiles(waits, n=100)[98]


def main() -> None:
    """Do what the arguments say, as the server is set up to: uvloop, and rare collections."""
    what, folder, count = sys.argv[1:]
    does = {"end_to_end": _end_to_end, "fill": _fill, "resume": _resume, "fan_out": _fan_out}
    with rare_collections(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(does[what](Path(folder), int(count)))))


if __name__ == "__main__":
    main()
