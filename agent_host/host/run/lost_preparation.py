"""Counts the processes that end while a turn is made, before its run begins. The app's `run_hook`
is called then, and a run whose hook ends its process would be begun for ever.

Only tasks whose earlier attempt ended with its process are counted for, so that no other run pays
for it; and one at a time, so that none is blamed for what another does beside it.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final

from agent_host.errors import HostError
from agent_host.host.run.ledger import RunLedger

PATIENCE: Final = timedelta(seconds=30)
"""How long a hook that does not end keeps others from being counted; they are made all the same."""


class LostPreparations:
    """One per process."""

    def __init__(self, *, patience: timedelta = PATIENCE) -> None:
        self._one = asyncio.Lock()
        self._patience = patience.total_seconds()

    @asynccontextmanager
    async def counted(self, ledger: RunLedger) -> AsyncGenerator[None]:
        """Within it the count is one higher in the store than before and behind it. Behind an
        exception it is not put back: the run ends with it, and its count.
        """
        try:
            async with asyncio.timeout(self._patience):
                await self._one.acquire()
        except TimeoutError:
            yield
            return
        try:
            before = ledger.lost_preparations
            await ledger.count_preparations(before + 1)
            try:
                yield
            except asyncio.CancelledError:  # the process stops in order
                with suppress(HostError):
                    await ledger.count_preparations(before)
                raise
            await ledger.count_preparations(before)
        finally:
            self._one.release()


__all__ = ["PATIENCE", "LostPreparations"]
