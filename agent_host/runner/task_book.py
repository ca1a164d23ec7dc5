"""The stored tasks: every change of a task as one atomic commit, lanes and keys included."""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Final

from agent_host.errors import ConflictError, RetryTaskError, StoreError, StoreFullError
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskPreparation
from agent_host.quarantine import read_record, set_aside
from agent_host.runner.begun_task import (
    Begun,
    begun_key,
    delete_begun,
    list_abandoned,
    list_begun,
    put_begun,
)
from agent_host.runner.commit_group import CommitGroup
from agent_host.runner.lane import Lanes
from agent_host.runner.task_order import Turn
from agent_host.runner.task_record import (
    BEHIND,
    WHOLE,
    StoredTask,
    changed,
    delete_graves,
    idempotency_key,
    lane_entry,
    put_entry,
    put_graves,
    put_idempotency_key,
    put_in_lane,
    put_task,
    read_task,
    stored_task,
    task_id_of,
    task_key,
)
from agent_host.runner.timeline import Timeline
from agent_host.types.identifier import TaskId
from agent_host.types.store import ABSENT, Delete, Key, Write
from agent_host.types.task import Task, TaskStatus

logger = logging.getLogger(__name__)

_PAGE: Final = 128


class TaskBook:
    """Tasks over one store. A change that finds another's raises `ConflictError` and did nothing.

    `queued` is told of each task that came into the queue, `in_doubt` of each change that failed
    in a way that leaves open whether one did, `buried` of each new dead letter.
    """

    def __init__(
        self,
        store: StateStore,
        *,
        group: CommitGroup,
        timeline: Timeline,
        retention: timedelta,
        queued: Callable[[StoredTask], None],
        in_doubt: Callable[[], None],
        buried: Callable[[Task], None] | None = None,
    ) -> None:
        self._store = store
        self._group = group
        self._timeline = timeline
        self._queued = queued
        self._in_doubt = in_doubt
        self._buried = buried
        self._lanes = Lanes(store, timeline)
        self._retention = retention

    async def find(self, task_id: TaskId) -> StoredTask | None:
        """The task, or None."""
        return await read_record(self._store, task_key(task_id), read_task)

    async def find_by_key(self, task: Task) -> tuple[StoredTask | None, int]:
        """The earlier task of this one's key, and the version of the key's record.

        A key can outlive its task, where a bounded store evicted it; then it is free again.
        """
        key = idempotency_key(task)
        record = None if key is None else await self._store.get(key)
        if record is None:
            return None, ABSENT
        return await self.find(task_id_of(record)), record.version

    async def learn_lanes(self, kinds: Iterable[str]) -> None:
        """Find out which lanes an earlier process left, so that no other has to be looked into."""
        try:
            await self._lanes.memory.learn(kinds)
        except StoreError as error:
            logger.warning("lanes are looked into one by one: %s", error.code)

    async def add(
        self, stored: StoredTask, *, alongside: Sequence[Write] = (), key_version: int = ABSENT
    ) -> None:
        """Accept a new task, and do `alongside` with it."""
        writes: list[Write] = [put_task(stored)]
        if stored.task.spec.key is not None:
            writes += put_idempotency_key(stored.task, expect=key_version)
        writes += alongside
        await self._enter(stored, writes)

    def has_free_lane(self, lane: str | None) -> bool:
        """Whether a task of this lane, or of none, has nothing before it there."""
        return lane is None or self._lanes.is_free(lane)

    async def add_begun(
        self, stored: StoredTask, prepare: TaskPreparation, *, alongside: Sequence[Write] = ()
    ) -> Begun | None:
        """Accept a new task whose first attempt is counted, without listing it, and do what that
        begins with; None if that could not be said now. With a `doubt` it may not be there: see
        `is_begun`.
        """
        lane = stored.task.spec.lane
        if lane is None:
            return await self._begun(stored, prepare, alongside)
        async with self._lanes.held(lane):
            begun = await self._begun(stored, prepare, alongside)
            if begun is not None:
                self._lanes.begun.add(lane)
            return begun

    async def _begun(
        self, stored: StoredTask, prepare: TaskPreparation, alongside: Sequence[Write]
    ) -> Begun | None:
        try:
            prepared = await prepare(stored.task)
        except RetryTaskError:
            return None
        if prepared is None:
            return None
        try:
            await self._group.commit([put_begun(stored), *alongside, *prepared.writes])
        except (ConflictError, StoreFullError):
            raise
        except BaseException as error:  # noqa: BLE001 - raised by whoever sees to the task first
            return Begun(stored, prepared.work, error)
        return Begun(stored, prepared.work)

    async def is_begun(self, stored: StoredTask) -> bool:
        """Whether a task that may have been accepted, or be over, is neither; if it is, its lane
        goes on without it.
        """
        if await self._store.get(begun_key(stored)) is not None:
            return True
        await self._leave_unlisted(stored, [])
        return False

    async def list_abandoned(self) -> None:
        """List the tasks that an earlier process had begun as they were accepted. One that cannot
        be read is set aside, and its lane goes on without it.
        """
        damaged = await list_abandoned(self._store)
        if damaged:
            await self._free_lanes()  # first: once they are set aside, no later start would do it
        for record, error in damaged:
            await set_aside(self._store, [record], error)

    async def _free_lanes(self) -> None:
        """Let every lane go on whose first task waits for one that is not there. Only those behind
        it can tell which lane it was in.
        """
        seen: set[str] = set()
        after: str | None = None
        while page := await self._store.scan(BEHIND, WHOLE, after=after, limit=_PAGE):
            after = page[-1].key.id
            for entry in page:
                stored = await self.find(task_id_of(entry))
                lane = None if stored is None else stored.task.spec.lane
                if lane is None or lane in seen:
                    continue
                seen.add(lane)
                async with self._lanes.held(lane) as held:
                    promotion = await held.succession()
                    await self._commit(promotion.writes, queued=promotion.stored)

    async def listed(self, stored: StoredTask) -> StoredTask:
        """The task, listed if it was not."""
        if stored.is_listed:
            return stored
        listed, writes = list_begun(stored)
        lane = listed.task.spec.lane
        if lane is None:
            await self._list(writes)
            return listed
        async with self._lanes.held(lane) as held:
            if await self._list(writes):
                held.joined()
            self._lanes.begun.discard(lane)
        return listed

    async def _list(self, writes: Sequence[Write]) -> bool:
        """Whether that was still to be done: a commit that seemed to fail may have done it, which
        left the lane in doubt.
        """
        try:
            await self._commit(writes, queued=None)
        except ConflictError:
            return False
        return True

    async def begin(self, stored: StoredTask, *, alongside: Sequence[Write] = ()) -> StoredTask:
        """Count an attempt before it is made, and do `alongside`; the task as it stands now."""
        task = stored.task
        begun = stored.succeeded_by(changed(task, TaskStatus.ATTEMPTING, starts=task.starts + 1))
        await self._group.commit([put_task(begun), *alongside])
        return begun

    async def hand_back(self, stored: StoredTask) -> None:
        """Undo `begin`: the attempt was stopped by us and does not count."""
        task = changed(stored.task, TaskStatus.SCHEDULED, starts=stored.task.starts - 1)
        await self._group.commit([put_task(stored.succeeded_by(task))])

    async def postpone(self, stored: StoredTask, *, delay: timedelta, code: str) -> None:
        """Let it be tried again after this."""
        due_at = self._timeline.now() + delay
        task = changed(stored.task, TaskStatus.SCHEDULED, due_at=due_at, last_error=code)
        later = stored.succeeded_by(task)
        await self._commit([put_task(later), Delete(stored.entry), put_entry(later)], queued=later)

    async def revoke(self, stored: StoredTask) -> None:
        """Mark it cancelled while its attempt still runs; `finish` it when that has ended."""
        task = changed(stored.task, TaskStatus.CANCELLED)
        await self._group.commit([put_task(stored.succeeded_by(task))])

    async def finish(
        self,
        stored: StoredTask,
        status: TaskStatus,
        *,
        alongside: Sequence[Write] = (),
        is_kept: bool = True,
    ) -> None:
        """Let it be over, kept for the retention or not at all, and do `alongside`; nothing if it
        is over already. One that is not listed cannot be kept.
        """
        if stored.task.over_at is not None:
            return
        if not is_kept and not stored.is_listed:
            await self._leave_unlisted(stored, [delete_begun(stored), *alongside])
            return
        if not is_kept:
            await self._leave(stored, [*_traces(stored), *alongside])
            return
        after = stored.succeeded_by(changed(stored.task, status, over_at=self._timeline.now()))
        writes: list[Write] = [put_task(after, time_to_live=self._retention)]
        if after.task.spec.key is not None:
            writes += put_idempotency_key(after.task, time_to_live=self._retention)
        await self._leave(stored, [*writes, *alongside])

    async def bury(self, stored: StoredTask, *, code: str) -> None:
        """Make it a dead letter, kept until it is purged."""
        now = self._timeline.now()
        task = changed(stored.task, TaskStatus.DEAD, last_error=code, over_at=now)
        dead = stored.succeeded_by(task)
        await self._leave(stored, [put_task(dead), *put_graves(dead)])
        if self._buried is not None:
            self._buried(task)

    async def revive(self, dead: StoredTask, turn: Turn) -> None:
        """Schedule a dead letter again, as if for the first time."""
        task = Task(
            id=dead.task.id,
            spec=dead.task.spec,
            status=TaskStatus.SCHEDULED,
            created_at=dead.task.created_at,
            due_at=self._timeline.now(),
        )
        revived = stored_task(task, order=turn.order, version=dead.version + 1)
        await self._enter(revived, [put_task(revived), *delete_graves(dead), *turn.writes])

    async def forget(self, over: StoredTask) -> None:
        """Remove a task that is over, a dead letter from its list too."""
        await self._group.commit([*_traces(over), *delete_graves(over)])

    async def drop_entry(self, entry: Key, *, lane: Key | None) -> None:
        """Remove a place in the queue whose task is gone, and its place in a lane, if that is still
        there.
        """
        await self._vacate([Delete(entry)], lane)
        if lane is not None:
            self._lanes.memory.doubt(lane.partition)

    async def _enter(self, stored: StoredTask, writes: list[Write]) -> None:
        """Commit with a place in the lane and, if none is before it there, in the queue."""
        place = lane_entry(stored)
        if place is None:
            writes.append(put_entry(stored))
            await self._commit(writes, queued=stored)
            return
        async with self._lanes.held(place.partition) as lane:
            is_first = await lane.is_empty()
            writes += put_in_lane(stored, place, is_first=is_first)
            await self._commit(writes, queued=stored if is_first else None)
            lane.joined()

    async def _leave(self, stored: StoredTask, writes: list[Write]) -> None:
        """Commit without its places, the next of its lane moving up."""
        writes.append(Delete(stored.entry))
        await self._vacate(writes, lane_entry(stored))

    async def _leave_unlisted(self, stored: StoredTask, writes: list[Write]) -> None:
        """Commit; where others came behind it in its lane, the first of them moves up.

        The lane is given away once that is done, not before: what conflicts is not over.
        """
        lane = stored.task.spec.lane
        if lane is None:
            await self._commit(writes, queued=None)
            return
        async with self._lanes.held(lane) as held:
            promotion = await held.succession()
            await self._commit([*writes, *promotion.writes], queued=promotion.stored)
            self._lanes.begun.discard(lane)

    async def _vacate(self, writes: list[Write], place: Key | None) -> None:
        if place is None:
            await self._commit(writes, queued=None)
            return
        async with self._lanes.held(place.partition) as lane:
            promotion = await lane.promotion(place)
            writes += promotion.writes
            await self._commit(writes, queued=promotion.stored)
            lane.left()

    async def _commit(self, writes: Sequence[Write], *, queued: StoredTask | None) -> None:
        try:
            await self._group.commit(writes)
        except (ConflictError, StoreFullError):
            raise
        except BaseException:
            self._in_doubt()
            raise
        if queued is not None:
            self._queued(queued)


def _traces(stored: StoredTask) -> list[Write]:
    """The writes that leave nothing of a task but its places."""
    writes: list[Write] = [Delete(task_key(stored.task.id), stored.version)]
    key = idempotency_key(stored.task)
    if key is not None:
        writes.append(Delete(key))
    return writes


__all__ = ["TaskBook"]
