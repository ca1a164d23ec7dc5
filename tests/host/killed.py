"""Processes that end as by `kill -9`, over a store that outlives them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from agent_host import AgentHost
from agent_host.protocols.host_context import HostContext
from agent_host.protocols.state_store import StateStore
from agent_host.testing.store_double import SeverableStore
from agent_host.types import Key, Lease, RunPolicy
from tests.host.harness import acting_as

QUICK = RunPolicy(cancel_grace=timedelta(milliseconds=10))


class SurvivingStore(SeverableStore):
    """What one process sees of a store that keeps all but its leases, as one on disk does."""

    def __init__(self, store: StateStore) -> None:
        super().__init__(store)
        self._behind = store
        self._leases: list[Lease] = []

    @property
    def durable(self) -> bool:
        return True

    async def acquire(
        self, name: Key, *, holder: str, time_to_live: timedelta, wait: timedelta = timedelta()
    ) -> Lease | None:
        lease = await super().acquire(name, holder=holder, time_to_live=time_to_live, wait=wait)
        if lease is not None:
            self._leases.append(lease)
        return lease

    async def kill(self) -> None:
        self.cut = True
        for lease in self._leases:
            await self._behind.release(lease)


@asynccontextmanager
async def process(store: StateStore, target: object, **options: Any) -> AsyncGenerator[HostContext]:
    """A host in a process of its own, which is killed at the end."""
    options = {"run_policy": QUICK, "grace": timedelta(), **options}
    seen = SurvivingStore(store)
    host = AgentHost(target, store=seen, **options)
    async with host:
        with acting_as("alice"):
            yield host.context
        await seen.kill()


__all__ = ["QUICK", "SurvivingStore", "process"]
