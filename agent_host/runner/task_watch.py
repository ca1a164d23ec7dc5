"""Looks at the queue now and then: how much waits, how long the oldest has, whether to say so."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from agent_host.errors import StoreError
from agent_host.protocols.clock import Clock
from agent_host.runner.timeline import Timeline
from agent_host.types.task import TaskCounts

logger = logging.getLogger(__name__)

LOOK_EVERY: Final = timedelta(seconds=30)
LATE_AFTER: Final = timedelta(minutes=5)

OnCounted: TypeAlias = Callable[[Mapping[str, TaskCounts], datetime], None]
"""Told of the counts by kind, and of the moment they were taken, on the runner's calendar."""


class TaskWatch:
    """Warns of a kind whose oldest waiting task has been due for `late_after`, once until that is
    over. `on_counted` is told of each look.
    """

    def __init__(
        self,
        count: Callable[[], Awaitable[Mapping[str, TaskCounts]]],
        *,
        clock: Clock,
        timeline: Timeline,
        late_after: timedelta,
        on_counted: OnCounted | None,
    ) -> None:
        self._count = count
        self._clock = clock
        self._timeline = timeline
        self._late_after = late_after
        self._on_counted = on_counted
        self._late: set[str] = set()

    async def run(self) -> None:
        """Look, for ever."""
        while True:
            await self._clock.sleep(LOOK_EVERY.total_seconds())
            try:
                counts = await self._count()
            except StoreError as error:
                logger.warning("tasks cannot be counted: %s", error.code)
                continue
            now = self._timeline.now()
            for kind, found in counts.items():
                self._judge(kind, found, now)
            if self._on_counted is not None:
                self._on_counted(counts, now)

    def _judge(self, kind: str, found: TaskCounts, now: datetime) -> None:
        age = timedelta() if found.oldest_due_at is None else now - found.oldest_due_at
        if age < self._late_after:
            if kind in self._late:
                self._late.remove(kind)
                logger.info("tasks of kind %s are attempted in time again", kind)
        elif kind not in self._late:
            self._late.add(kind)
            logger.warning(
                "a task of kind %s has been due for %d s and is not attempted; %d wait, %d are "
                "under way",
                kind,
                age.total_seconds(),
                found.waiting,
                found.attempting,
            )


__all__ = ["LATE_AFTER", "LOOK_EVERY", "OnCounted", "TaskWatch"]
