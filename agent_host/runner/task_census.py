"""How many tasks there are, counted from what is stored up to a bound: nothing that can drift."""

from collections import Counter
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Final, NamedTuple

from agent_host.protocols.state_store import StateStore
from agent_host.runner.task_record import (
    BEHIND,
    GRAVES,
    QUEUE,
    WHOLE,
    due_at_of,
    kind_of,
)
from agent_host.runner.timeline import at_microseconds
from agent_host.types.store import Record
from agent_host.types.task import TaskCounts

_PAGE: Final = 500
_BOUND: Final = 10_000


class Attempting(NamedTuple):
    """The queue entries whose attempts are under way, and how many are that have none."""

    entries: AbstractSet[str]
    begun: int


_NONE: Final = Attempting(frozenset(), 0)


class TaskCensus:
    """Counts over one store."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    async def take(self, attempting: Mapping[str, Attempting]) -> Mapping[str, TaskCounts]:
        """The counts of these kinds, where these attempts are under way, and of the dead."""
        behind, some_behind = await self._count(BEHIND, WHOLE, kind_of)
        dead, some_dead = await self._count(GRAVES, WHOLE, kind_of)
        found: dict[str, TaskCounts] = {}
        for kind in sorted({*attempting, *dead}):
            busy, begun = attempting.get(kind, _NONE)
            queued, some_queued = await self._count(QUEUE, kind, lambda _: "")
            found[kind] = TaskCounts(
                waiting=max(queued[""] - len(busy), 0) + behind[kind],
                attempting=len(busy) + begun,
                dead=dead[kind],
                is_partial=some_behind or some_dead or some_queued,
                oldest_due_at=await self._oldest(kind, busy),
            )
        return found

    async def _oldest(self, kind: str, busy: AbstractSet[str]) -> datetime | None:
        """When the first is due that is not being attempted; one that is damaged never is."""
        for entry in await self._store.scan(QUEUE, kind, limit=len(busy) + 1):
            due_at = due_at_of(entry.key.id)
            if entry.key.id not in busy and due_at is not None:
                return at_microseconds(due_at)
        return None

    async def _count(
        self, collection: str, partition: str, label: Callable[[Record], str]
    ) -> tuple[Counter[str], bool]:
        """How many there are of each label, and whether there may be more."""
        counted: Counter[str] = Counter()
        after: str | None = None
        for _ in range(_BOUND // _PAGE):
            page = await self._store.scan(collection, partition, after=after, limit=_PAGE)
            counted.update(map(label, page))
            if len(page) < _PAGE:
                return counted, False
            after = page[-1].key.id
        return counted, True


__all__ = ["Attempting", "TaskCensus"]
