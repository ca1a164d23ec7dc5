"""The stored tasks: every change of a task as one atomic commit, lanes and keys included."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from agent_host.errors import ConflictError, StoreFullError, UnreadableRecordError
from agent_host.protocols.clock import Clock
from agent_host.protocols.state_store import StateStore
from agent_host.runner.lane import Lanes
from agent_host.runner.task_record import (
    GRAVES,
    WHOLE,
    StoredTask,
    TaskRecord,
    grave_key,
    idempotency_key,
    leave_queue,
    put_entry,
    put_idempotency_key,
    put_in_lane,
    put_task,
    read_task,
    task_id_of,
    task_key,
)
from agent_host.types.identifier import TaskId
from agent_host.types.page import Page
from agent_host.types.store import ABSENT, Delete, Key, Put, Write
from agent_host.types.task import Task, TaskStatus

logger = logging.getLogger(__name__)


class TaskBook:
    """Tasks over one store. A change that finds another's raises `ConflictError` and did nothing.

    `queued` is told of each task that came into the queue, `in_doubt` of each change that failed
    in a way that leaves open whether one did, `buried` of each new dead letter.
    """

    def __init__(
        self,
        store: StateStore,
        clock: Clock,
        *,
        retention: timedelta,
        queued: Callable[[StoredTask], None],
        in_doubt: Callable[[], None],
        buried: Callable[[Task], None] | None = None,
    ) -> None:
        self._store = store
        self._queued = queued
        self._in_doubt = in_doubt
        self._buried = buried
        self._lanes = Lanes(store, clock)
        self._retention = retention

    async def find(self, task_id: TaskId) -> StoredTask | None:
        """The task, or None.

        Raises:
            UnreadableRecordError: the record is damaged or of another version.
        """
        record = await self._store.get(task_key(task_id))
        return None if record is None else read_task(record)

    async def find_by_key(self, task: Task) -> tuple[StoredTask | None, int]:
        """The earlier task of this one's key, and the version of the key's record.

        A key can outlive its task, where a bounded store evicted it; then it is free again.
        """
        key = idempotency_key(task)
        record = None if key is None else await self._store.get(key)
        if record is None:
            return None, ABSENT
        return await self.find(task_id_of(record)), record.version

    async def add(
        self, record: TaskRecord, *, alongside: Sequence[Write] = (), key_version: int = ABSENT
    ) -> None:
        """Accept a new task, and do `alongside` with it."""
        stored = StoredTask(record, 1)
        writes: list[Write] = [put_task(stored)]
        writes += put_idempotency_key(record.task, expect=key_version)
        writes += alongside
        await self._enter(stored, writes)

    async def begin(self, stored: StoredTask) -> StoredTask:
        """Count an attempt before it is made; the task as it stands now."""
        task = replace(stored.task, status=TaskStatus.ATTEMPTING, starts=stored.task.starts + 1)
        begun = stored.succeeded_by(task)
        await self._store.commit([put_task(begun)])
        return begun

    async def hand_back(self, stored: StoredTask) -> None:
        """Undo `begin`: the attempt was stopped by us and does not count."""
        task = replace(stored.task, status=TaskStatus.SCHEDULED, starts=stored.task.starts - 1)
        await self._store.commit([put_task(stored.succeeded_by(task))])

    async def postpone(self, stored: StoredTask, *, due_at: datetime, code: str) -> None:
        """Let it be tried again then."""
        task = replace(stored.task, status=TaskStatus.SCHEDULED, due_at=due_at, last_error=code)
        later = stored.succeeded_by(task)
        await self._commit([put_task(later), Delete(stored.entry), put_entry(later)], queued=later)

    async def revoke(self, stored: StoredTask) -> None:
        """Mark it cancelled while its attempt still runs; `finish` it when that has ended."""
        task = replace(stored.task, status=TaskStatus.CANCELLED)
        await self._store.commit([put_task(stored.succeeded_by(task))])

    async def finish(self, stored: StoredTask, status: TaskStatus) -> None:
        """Let it be over, kept for the retention."""
        after = stored.succeeded_by(replace(stored.task, status=status))
        writes: list[Write] = [put_task(after, time_to_live=self._retention)]
        writes += put_idempotency_key(after.task, time_to_live=self._retention)
        await self._leave(stored, writes)

    async def bury(self, stored: StoredTask, *, code: str) -> None:
        """Make it a dead letter, kept until it is purged."""
        task = replace(stored.task, status=TaskStatus.DEAD, last_error=code)
        grave = Put(grave_key(task.id), task.id.encode())
        await self._leave(stored, [put_task(stored.succeeded_by(task)), grave])
        if self._buried is not None:
            self._buried(task)

    async def revive(self, dead: StoredTask, *, due_at: datetime, order: int) -> None:
        """Schedule a dead letter again, as if for the first time."""
        task = replace(
            dead.task, status=TaskStatus.SCHEDULED, due_at=due_at, starts=0, last_error=None
        )
        revived = StoredTask(TaskRecord(task=task, order=order), dead.version + 1)
        await self._enter(revived, [put_task(revived), Delete(grave_key(task.id))])

    async def forget(self, dead: StoredTask) -> None:
        """Remove a dead letter."""
        task = dead.task
        writes: list[Write] = [Delete(task_key(task.id), dead.version), Delete(grave_key(task.id))]
        key = idempotency_key(task)
        if key is not None:
            writes.append(Delete(key))
        await self._store.commit(writes)

    async def drop_entry(self, entry: Key) -> None:
        """Remove a place in the queue whose task is gone."""
        await self._store.commit([Delete(entry)])

    async def dead_letters(self, *, after: str | None, limit: int) -> Page[Task]:
        """One page of them, oldest first."""
        graves = await self._store.scan(GRAVES, WHOLE, after=after, limit=limit + 1)
        found = [await self._find_dead(task_id_of(grave)) for grave in graves[:limit]]
        return Page(
            items=tuple(task for task in found if task is not None),
            next_cursor=graves[limit - 1].key.id if len(graves) > limit else None,
        )

    async def _find_dead(self, task_id: TaskId) -> Task | None:
        try:
            stored = await self.find(task_id)
        except UnreadableRecordError as error:
            # The others must still be listed.
            logger.error("dead letter %s cannot be shown: %s", task_id, error.code)  # noqa: TRY400
            return None
        return stored.task if stored is not None else None

    async def _enter(self, stored: StoredTask, writes: list[Write]) -> None:
        """Commit with a place in the lane and, if none is before it there, in the queue."""
        lane = stored.task.spec.lane
        async with self._lanes.held(lane):
            is_first = lane is None or await self._lanes.is_empty(lane)
            writes += put_in_lane(stored)
            if is_first:
                writes.append(put_entry(stored))
            await self._commit(writes, queued=stored if is_first else None)

    async def _leave(self, stored: StoredTask, writes: list[Write]) -> None:
        """Commit without its places, the next of its lane moving up."""
        async with self._lanes.held(stored.task.spec.lane):
            promotion = await self._lanes.promotion(stored)
            writes += leave_queue(stored)
            writes += promotion.writes
            await self._commit(writes, queued=promotion.stored)

    async def _commit(self, writes: Sequence[Write], *, queued: StoredTask | None) -> None:
        try:
            await self._store.commit(writes)
        except (ConflictError, StoreFullError):
            raise
        except BaseException:
            self._in_doubt()
            raise
        if queued is not None:
            self._queued(queued)


__all__ = ["TaskBook"]
