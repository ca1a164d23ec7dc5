"""Finds the runs that a process left behind when it died, and sees to it that each one ends.

A run whose target may be run again, or can go on from a checkpoint, becomes a task of the runner;
any other is failed as `interrupted`. Nothing stays "running" for ever.
"""

import logging
from collections.abc import Container
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from agent_host.errors import (
    ConflictError,
    HostError,
    LeaseLostError,
    StoreError,
)
from agent_host.host.record.live_record import LiveRun
from agent_host.host.run.background import BackgroundRuns
from agent_host.host.run.failure import INTERRUPTED
from agent_host.host.run.ledger import RunLedger
from agent_host.host.run.part import EngineParts
from agent_host.types.event import RunFailed
from agent_host.types.identifier import RunId
from agent_host.types.principal import Owner
from agent_host.types.run import RunStatus
from agent_host.types.store import Key, Lease

logger = logging.getLogger(__name__)

INSTANCE_TIME: Final = timedelta(seconds=30)
"""How long a process that says nothing is believed to live."""

SWEEP_EVERY: Final = timedelta(minutes=1)
PAGE: Final = 100


def instance_lease(instance: str) -> Key:
    """The lease that a living process holds."""
    return Key("instance", "all", instance)


@dataclass(slots=True)
class Sweep:
    """What one look at the store led to."""

    rerun: int = 0
    interrupted: int = 0


class RunRecovery:
    """`watch` runs beside the engine for as long as the host does."""

    def __init__(
        self,
        parts: EngineParts,
        *,
        background: BackgroundRuns,
        live: Container[RunId],
    ) -> None:
        self._parts = parts
        self._background = background
        self._live = live
        self._lease: Lease | None = None

    async def watch(self) -> None:
        """Hold this process's lease, and look for what others left behind, for ever."""
        clock = self._parts.clock
        next_sweep = clock.monotonic()
        while True:
            try:
                await self._stay_alive()
                if clock.monotonic() >= next_sweep:
                    next_sweep = clock.monotonic() + SWEEP_EVERY.total_seconds()
                    await self.sweep()
            except HostError as error:
                logger.warning("looking for interrupted runs: %s; it is tried again", error.code)
            await clock.sleep(INSTANCE_TIME.total_seconds() / 3)

    async def leave(self) -> None:
        """Say that this process ends: what it could not end may be recovered at once."""
        lease, self._lease = self._lease, None
        if lease is None:
            return
        try:
            await self._parts.store.release(lease)
        except StoreError as error:
            logger.warning("this process is believed to live a while longer: %s", error.code)

    async def sweep(self) -> Sweep:
        """Look at every entry once."""
        done = Sweep()
        dead: dict[str, bool] = {}
        after: str | None = None
        while found := await self._parts.live_runs.list(after=after, limit=PAGE):
            for one in found:
                if one.live is None:
                    await self._recover_unnamed(one.run_id, done)
                elif await self._is_left(one.run_id, one.live, dead):
                    await self._recover(one.run_id, one.live.owner, done)
            after = found[-1].run_id
        if done.rerun or done.interrupted:
            logger.warning(
                "an earlier process ended with runs going on: %d are run again, %d failed",
                done.rerun,
                done.interrupted,
            )
        return done

    async def _stay_alive(self) -> None:
        store = self._parts.store
        if self._lease is not None:
            try:
                await store.renew(self._lease, time_to_live=INSTANCE_TIME)
            except LeaseLostError:
                logger.warning("this process was taken for dead: it was slow, or its store was")
            else:
                return
        self._lease = await store.acquire(
            instance_lease(self._parts.instance),
            holder=self._parts.instance,
            time_to_live=INSTANCE_TIME,
        )

    async def _is_left(self, run_id: RunId, entry: LiveRun, dead: dict[str, bool]) -> bool:
        """Whether nobody executes the run. Each process is asked after once for a sweep."""
        instance = entry.instance
        if instance == self._parts.instance:
            # A run of ours that could not be ended: the store did not take it.
            age = self._parts.clock.now() - entry.since
            return age > SWEEP_EVERY and run_id not in self._live
        if instance not in dead:
            lease = await self._parts.store.acquire(
                instance_lease(instance), holder=self._parts.instance, time_to_live=INSTANCE_TIME
            )
            dead[instance] = lease is not None
            if lease is not None:
                await self._parts.store.release(lease)
        return dead[instance]

    async def _recover_unnamed(self, run_id: RunId, done: Sweep) -> None:
        """The entry does not say whose the run is. Nobody else executes it where the store is ours
        alone.
        """
        if self._parts.store.shared or run_id in self._live:
            return
        owner = await self._parts.run_index.owner_of(run_id)
        if owner is not None:
            await self._recover(run_id, owner, done)

    async def _recover(self, run_id: RunId, owner: Owner, done: Sweep) -> None:
        try:
            ledger = await self._background.revive(owner, run_id, has_entry=True)
            if ledger is None:
                await self._parts.store.commit([self._parts.live_runs.delete(run_id)])
            elif self._may_run_again(ledger):
                await self._background.rerun(ledger)
                done.rerun += 1
            else:
                await ledger.finish(RunFailed(failure=INTERRUPTED))
                done.interrupted += 1
        except ConflictError:
            logger.debug("run %s: another process was faster", run_id)

    def _may_run_again(self, ledger: RunLedger) -> bool:
        # At a question a generator stood in the memory that is gone: nobody can answer it.
        asks = ledger.run.status is RunStatus.INPUT_REQUIRED
        return self._parts.reruns and ledger.trail.stored is not None and not asks


__all__ = ["RunRecovery", "Sweep", "instance_lease"]
