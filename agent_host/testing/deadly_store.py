"""A store that kills its process, by SIGKILL, right before or right after a chosen commit."""

import asyncio
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agent_host.errors import ConflictError
from agent_host.protocols.state_store import StateStore
from agent_host.testing.store_double import SeverableStore
from agent_host.testing.task_step import steps_of
from agent_host.types.store import Lease, Write

_TURNS = 3
"""Of the event loop, until a store's threads have been asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doom:
    """Where the process ends: at the `count`th commit that makes this step."""

    step: str
    side: Literal["before", "after", "within"]
    count: int = 1


class DeadlyStore(SeverableStore):
    """`within` kills while the commit is under way: it may be done, or not."""

    def __init__(self, store: StateStore, doom: Doom | None) -> None:
        super().__init__(store)
        self._doom = doom
        self._left = 0 if doom is None else doom.count

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        doom = self._doom
        if doom is None or doom.step not in steps_of(writes):
            return await super().commit(writes, fence=fence)
        self._left -= 1
        if self._left:
            return await super().commit(writes, fence=fence)
        if doom.side == "before":
            die()
        if doom.side == "within":
            async with asyncio.TaskGroup() as group:
                group.create_task(super().commit(writes, fence=fence))
                for _ in range(_TURNS):
                    await asyncio.sleep(0)
                die()
        try:
            await super().commit(writes, fence=fence)
        except ConflictError:  # a group of which one could not be done: they come again, each alone
            self._left = 1
            raise
        die()
        raise AssertionError


def die() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


__all__ = ["DeadlyStore", "Doom", "die"]
