"""What the disk store's tests share: a store in a folder of its own, and clocks that are set."""

import asyncio
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

from agent_host.stores.disk import DiskStateStore
from agent_host.stores.disk_folder import DATABASE
from agent_host.testing.manual_clock import ManualClock

NO_WAIT = timedelta()


class SetClock(ManualClock):
    """A clock whose calendar a person may set; what measures durations does not care."""

    def __init__(self) -> None:
        super().__init__()
        self._set_by = timedelta()

    def set_by(self, by: timedelta) -> None:
        self._set_by += by

    def now(self) -> datetime:
        return super().now() + self._set_by


def disk_store(folder: Path, clock: ManualClock | None = None) -> DiskStateStore:
    return DiskStateStore(folder, clock=clock or ManualClock(), lock_wait=NO_WAIT)


def database(folder: Path) -> sqlite3.Connection:
    """A connection past the store, which must not have the folder meanwhile."""
    return sqlite3.connect(folder / DATABASE, isolation_level=None)


async def gathered(
    *commits: asyncio.Task[tuple[int, ...]],
) -> list[tuple[int, ...] | BaseException]:
    return await asyncio.gather(*commits, return_exceptions=True)


__all__ = ["NO_WAIT", "SetClock", "database", "disk_store", "gathered"]
