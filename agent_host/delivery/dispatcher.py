"""Hands what is due from the outbox to the runner, oldest first."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from agent_host.delivery.order import lane_task
from agent_host.delivery.outbox import DUE, OutboxBell, read_due
from agent_host.delivery.record import WHOLE, moment
from agent_host.errors import ConflictError, DrainingError, HostError, UnreadableRecordError
from agent_host.protocols.clock import Clock
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskRunner
from agent_host.types.store import Delete, Record

logger = logging.getLogger(__name__)

LOOK_EVERY: Final = timedelta(seconds=15)
"""Another process may have left something, or a store may have come back."""

_PAGE: Final = 128


class Dispatcher:
    """`run` for as long as the runner takes tasks."""

    def __init__(
        self, store: StateStore, runner: TaskRunner, *, bell: OutboxBell, clock: Clock
    ) -> None:
        self._store = store
        self._runner = runner
        self._bell = bell
        self._clock = clock

    async def run(self) -> None:
        """Hand on, for ever."""
        while True:
            await self._bell.wait(await self.hand_on(), self._clock)

    async def run_once(self) -> None:
        """Hand on what is due, so that it is known to be for nobody."""
        await self.hand_on()

    async def hand_on(self, *, pages: int | None = None) -> timedelta:
        """Hand on what is due, `pages` of it at most; how long until something else may be."""
        after: str | None = None
        try:
            while pages is None or pages > 0:
                pages = None if pages is None else pages - 1
                now = self._clock.now()
                page = await self._store.scan(DUE, WHOLE, after=after, limit=_PAGE)
                due = [entry for entry in page if entry.key.id[:16] <= moment(now)]
                await self._hand_on_all(due)
                if len(due) < len(page):
                    return min(_time_of(page[len(due)], now), LOOK_EVERY)
                if len(page) < _PAGE:
                    return LOOK_EVERY
                after = page[-1].key.id
        except DrainingError:
            pass  # the next process goes on
        except HostError as error:
            logger.warning("deliveries wait: %s", error.code)
            return timedelta(seconds=1)
        return LOOK_EVERY

    async def _hand_on_all(self, due: Sequence[Record]) -> None:
        """At once, so that they share commits; lanes are taken in this order all the same."""
        work = (self._hand_on(entry) for entry in due)
        for outcome in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _hand_on(self, entry: Record) -> None:
        try:
            due = read_due(entry)
        except UnreadableRecordError as error:
            logger.error("a delivery is left alone: %s", error)  # noqa: TRY400
            return
        # An entry is handed on once: whoever takes it out schedules the task in the same commit.
        with suppress(ConflictError):
            await self._runner.schedule(
                lane_task(due), alongside=[Delete(entry.key, entry.version)]
            )


def _time_of(entry: Record, now: datetime) -> timedelta:
    try:
        left = int(entry.key.id[:16], 16) - int(moment(now), 16)
    except ValueError:
        return LOOK_EVERY  # damaged; it is behind all that is due
    return timedelta(microseconds=max(left, 1))


__all__ = ["LOOK_EVERY", "Dispatcher"]
