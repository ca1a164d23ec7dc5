"""Puts back what an earlier release could not make sense of, with what leads to it.

While a record was set aside, what pointed at it may have been cleared away: a task's place in the
queue, a run's entry among those that somebody executes. It is written before the record is, so that
a crash in between leaves the record where it was.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from agent_host.errors import UnreadableRecordError
from agent_host.host.record.journal_record import COLLECTION as JOURNALS
from agent_host.host.record.journal_record import read_entry
from agent_host.host.record.kind import HOST_RECORDS
from agent_host.host.record.live_record import LiveRun, LiveRunRecords
from agent_host.host.record.run_record import COLLECTION as RUNS
from agent_host.host.record.run_record import read_run
from agent_host.host.record.session_record import HISTORY, read_message
from agent_host.protocols.clock import Clock
from agent_host.runner.task_order import BOUNDS, read_bound
from agent_host.runner.task_record import TASKS, is_over, put_entry, read_task
from agent_host.stores.disk import DiskStateStore
from agent_host.types.run import RunStatus
from agent_host.types.store import Record, StreamEntry, Write

KNOWN_RECORDS: Final[Mapping[str, Callable[[Record], object]]] = MappingProxyType(
    {**HOST_RECORDS, TASKS: read_task, BOUNDS: read_bound}
)
"""How the records of each collection are read."""

KNOWN_ENTRIES: Final[Mapping[str, Callable[[StreamEntry], object]]] = MappingProxyType(
    {JOURNALS: read_entry, HISTORY: read_message}
)
"""How the entries of each collection of streams are read."""

_INSTANCE: Final = "restored"
"""The process that a run is said to be left by: none has this name, so recovery takes it over."""


class Restored(StrEnum):
    """What became of one record."""

    PUT_BACK = "put_back"
    UNREADABLE = "unreadable"
    REPLACED = "replaced"
    MISSING = "missing"


class Restoration:
    """Over a store that no host has open."""

    def __init__(self, store: DiskStateStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def put_back(self, number: int) -> Restored:
        """Put what has this number back, unless this release cannot read it either, or another has
        taken its place. What no reader is known of here is put back as it is.
        """
        found = await self._store.find_quarantined(number)
        if found is None:
            return Restored.MISSING
        if not _is_readable(found):
            return Restored.UNREADABLE
        writes: list[Write] = []
        if isinstance(found, Record):
            if await self._store.get(found.key) is not None:
                return Restored.REPLACED
            writes = self._leading_to(found)
        if writes:
            await self._store.commit(writes)
        return Restored.PUT_BACK if await self._store.put_back(number) else Restored.REPLACED

    def _leading_to(self, record: Record) -> list[Write]:
        if record.key.collection == TASKS:
            stored = read_task(record)
            return [] if is_over(stored.task) else [put_entry(stored)]
        if record.key.collection == RUNS:
            run, _ = read_run(record)
            # One that waits for an answer is nobody's until it has it.
            if run.status in (RunStatus.QUEUED, RunStatus.RUNNING):
                now = self._clock.now()
                live = LiveRun(owner=run.owner, instance=_INSTANCE, since=now)
                return [LiveRunRecords.put(run.id, live)]
        return []


def _is_readable(found: Record | StreamEntry) -> bool:
    try:
        if isinstance(found, Record):
            KNOWN_RECORDS.get(found.key.collection, _as_it_is)(found)
        else:
            KNOWN_ENTRIES.get(found.stream.collection, _as_it_is)(found)
    except UnreadableRecordError:
        return False
    return True


def _as_it_is(_: object) -> None:
    """Nobody here knows how to read it."""


__all__ = ["KNOWN_ENTRIES", "KNOWN_RECORDS", "Restoration", "Restored"]
