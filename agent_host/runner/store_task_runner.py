"""Durable work over any store that one process owns: as durable as that store is."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from agent_host.errors import ConfigurationError, ConflictError, DrainingError
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskHandler, TaskPreparation
from agent_host.runner.attempt import TaskKind
from agent_host.runner.commit_group import CommitGroup
from agent_host.runner.dead_letter import DeadLetters
from agent_host.runner.due_queue import DueQueue
from agent_host.runner.kept_task import KeptTasks
from agent_host.runner.task_book import TaskBook
from agent_host.runner.task_census import TaskCensus
from agent_host.runner.task_order import TaskOrder
from agent_host.runner.task_record import StoredTask, is_over, stored_task
from agent_host.runner.task_watch import LATE_AFTER, OnCounted, TaskWatch
from agent_host.runner.timeline import Timeline
from agent_host.runner.worker import Worker
from agent_host.system import SystemClock, SystemIdFactory
from agent_host.types.identifier import TASK_PREFIX, TaskId
from agent_host.types.page import Page
from agent_host.types.quick_init import maker
from agent_host.types.store import ABSENT, Write
from agent_host.types.task import RetryPolicy, Task, TaskCounts, TaskSpec, TaskStatus

RETENTION: Final = timedelta(hours=24)
WINDOW: Final = 1024


class StoreTaskRunner:
    """`TaskRunner` over a store that no other process writes to while this runs.

    Finished tasks are kept for `retention`, dead letters until they are purged. A drain that stops
    an attempt does not count it; a crash does, so that a task that kills its process ends as a dead
    letter. Handlers must end when cancelled. A window of due tasks is kept in memory for each kind;
    the rest stays in the store until it is needed. `on_buried` is told of each new dead letter,
    `on_counted` now and then of how many wait; a warning is logged where one has been due for
    `late_after`.
    """

    def __init__(
        self,
        store: StateStore,
        *,
        clock: Clock | None = None,
        ids: IdFactory | None = None,
        retention: timedelta = RETENTION,
        window: int = WINDOW,
        late_after: timedelta = LATE_AFTER,
        on_buried: Callable[[Task], None] | None = None,
        on_counted: OnCounted | None = None,
    ) -> None:
        self._store = store
        self._clock = clock or SystemClock()
        self._ids = ids or SystemIdFactory()
        self._timeline = Timeline(self._clock)
        self._order = TaskOrder(store, self._timeline)
        self._commits = CommitGroup(store)
        self._book = TaskBook(
            store,
            group=self._commits,
            timeline=self._timeline,
            retention=retention,
            queued=self._offer,
            in_doubt=self._distrust,
            buried=on_buried,
        )
        self._dead = DeadLetters(store, book=self._book, order=self._order, timeline=self._timeline)
        self._census = TaskCensus(store)
        self._watch = TaskWatch(
            self.summary,
            clock=self._clock,
            timeline=self._timeline,
            late_after=late_after,
            on_counted=on_counted,
        )
        self._window = window
        self._workers: dict[str, Worker] = {}
        self._kept = KeptTasks(store, book=self._book, workers=self._workers, cancel=self.cancel)
        self._group = asyncio.TaskGroup()
        self._dispatchers: list[asyncio.Task[None]] = []
        self._resumed = False
        self._draining = False
        self._committing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._order.load()
        await self._book.list_abandoned()
        await self._group.__aenter__()
        self._committing = self._group.create_task(self._commits.run())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self.drain(timedelta())
        finally:
            if self._committing is not None:
                self._committing.cancel()
            # A task group wraps what its body raises; only a cancellation is its business.
            if isinstance(exc_value, asyncio.CancelledError):
                await self._group.__aexit__(exc_type, exc_value, traceback)
            else:
                await self._group.__aexit__(None, None, None)

    @property
    def durable(self) -> bool:
        """Whether the store is."""
        return self._store.durable

    def register(
        self,
        kind: str,
        handler: TaskHandler,
        *,
        concurrency: int,
        retry: RetryPolicy,
        on_dead: TaskHandler | None = None,
        prepare: TaskPreparation | None = None,
        keeps_done: bool = True,
    ) -> None:
        """Say who does tasks of this kind."""
        if self._resumed:
            message = f"Register the handler of {kind!r} before the runner is resumed."
            raise ConfigurationError(message)
        if kind in self._workers:
            message = f"Tasks of kind {kind!r} have a handler already."
            raise ConfigurationError(message)
        self._workers[kind] = Worker(
            TaskKind(
                name=kind,
                handler=handler,
                concurrency=concurrency,
                retry=retry,
                on_dead=on_dead,
                prepare=prepare,
                keeps_done=keeps_done,
            ),
            queue=DueQueue(self._store, kind, window=self._window),
            book=self._book,
            clock=self._clock,
            timeline=self._timeline,
        )

    async def schedule(self, spec: TaskSpec, *, alongside: Sequence[Write] = ()) -> Task:
        """Accept the work, durable when this returns; the earlier task if its key is known."""
        self._check(spec)
        task = self._new_task(spec, TaskStatus.SCHEDULED)
        turn = self._order.take()
        stored = stored_task(task, order=turn.order)
        if turn.bound is not None:
            alongside = (*alongside, *turn.writes)
        key_version = ABSENT
        while True:
            try:
                await self._book.add(stored, alongside=alongside, key_version=key_version)
            except ConflictError:
                earlier, found_version = await self._book.find_by_key(task)
                if earlier is not None:
                    return earlier.task
                if found_version == key_version:
                    raise  # not the key: something in `alongside`
                key_version = found_version
            else:
                self._order.written(turn)
                return task

    async def begin(self, spec: TaskSpec, prepare: TaskPreparation) -> bool:
        """Accept the work with its first attempt counted, and make it at once, unless that would
        have to wait.
        """
        self._check(spec)
        waits = spec.delay or not self._book.has_free_lane(spec.lane)
        if waits or spec.key is not None:
            return False
        turn = self._order.take()
        task = self._new_task(spec, TaskStatus.ATTEMPTING)
        stored = stored_task(task, order=turn.order, version=ABSENT)
        worker = self._workers[spec.kind]
        if not worker.promise(stored):
            return False
        begun = None
        try:
            begun = await self._book.add_begun(stored, prepare, alongside=turn.writes)
        finally:
            if begun is None:
                worker.break_promise(task.id)
        if begun is None:
            return False
        await worker.keep_promise(begun)
        if begun.doubt is not None:
            raise begun.doubt
        self._order.written(turn)
        return True

    def _check(self, spec: TaskSpec) -> None:
        if self._draining:
            message = "The host is going down and takes no new tasks."
            raise DrainingError(message)
        if spec.kind not in self._workers:
            message = f"Nobody is registered for tasks of kind {spec.kind!r}."
            raise ConfigurationError(message)

    def _new_task(self, spec: TaskSpec, status: TaskStatus) -> Task:
        return _make_task(
            id=TaskId(self._ids.new(TASK_PREFIX)),
            spec=spec,
            status=status,
            created_at=self._clock.now(),
            due_at=self._timeline.now() + spec.delay,
            starts=1 if status is TaskStatus.ATTEMPTING else 0,
        )

    async def get(self, task_id: TaskId) -> Task | None:
        """The task, for as long as it is kept."""
        stored = await self._book.find(task_id)
        return None if stored is None else stored.task

    async def cancel(self, task_id: TaskId) -> bool:
        """Stop it from being attempted (again); whether it was still to be."""
        while True:
            stored = await self._book.find(task_id)
            if stored is None or is_over(stored.task):
                return False
            worker = self._workers.get(stored.task.spec.kind)
            try:
                if worker is not None and worker.is_attempting(task_id):
                    await self._book.revoke(stored)
                    worker.revoke(task_id)
                else:
                    await self._book.finish(stored, TaskStatus.CANCELLED)
            except ConflictError:
                continue  # its attempt began or ended meanwhile
            return True

    async def summary(self) -> Mapping[str, TaskCounts]:
        """Counts by kind, of the kinds registered here and those that have dead letters."""
        attempting = {kind: worker.attempting() for kind, worker in self._workers.items()}
        return await self._census.take(attempting)

    async def dead_letters(
        self, *, kind: str | None = None, after: str | None = None, limit: int = 50
    ) -> Page[Task]:
        """Tasks that were given up, those first that were first."""
        return await self._dead.page(kind, after=after, limit=limit)

    async def replay(self, task_id: TaskId) -> bool:
        """Schedule a dead letter again under its own id, attempts counted afresh."""
        return await self._dead.replay(task_id)

    async def replay_all(self, *, kind: str | None = None) -> int:
        """Replay the dead letters that there are now; how many."""
        return await self._dead.replay_all(kind)

    async def purge(self, task_id: TaskId) -> bool:
        """Forget a dead letter."""
        return await self._dead.purge(task_id)

    async def purge_all(
        self, *, kind: str | None = None, older_than: timedelta = timedelta()
    ) -> int:
        """Forget the dead letters that were given up at least this long ago; how many."""
        return await self._dead.purge_all(kind, older_than=older_than)

    async def kept(self, *, after: str | None = None, limit: int = 100) -> Page[Task]:
        """Every task that is kept, by id."""
        return await self._kept.page(after=after, limit=limit)

    async def erase(self, task_id: TaskId) -> bool:
        """Leave no trace of a task, whatever its state; whether there was one."""
        return await self._kept.erase(task_id)

    def resume(self) -> None:
        """Start doing tasks, those first that an earlier process left."""
        if self._resumed or self._draining:
            return
        self._resumed = True
        self._dispatchers = [
            self._group.create_task(worker.run(self._group)) for worker in self._workers.values()
        ]
        self._dispatchers.append(
            self._group.create_task(self._book.learn_lanes(tuple(self._workers)))
        )
        self._dispatchers.append(self._group.create_task(self._watch.run()))

    async def drain(self, grace: timedelta) -> None:
        """Refuse new tasks, start none, let attempts finish within the grace, then stop them."""
        self._draining = True
        for dispatcher in self._dispatchers:
            dispatcher.cancel()
        if self._dispatchers:
            await asyncio.wait(self._dispatchers)
        async with asyncio.TaskGroup() as group:
            for worker in self._workers.values():
                group.create_task(worker.finish_within(grace.total_seconds()))

    def _offer(self, stored: StoredTask) -> None:
        worker = self._workers.get(stored.task.spec.kind)
        if worker is not None:
            worker.offer(stored)

    def _distrust(self) -> None:
        for worker in self._workers.values():
            worker.distrust()


_make_task = maker(Task)

__all__ = ["StoreTaskRunner"]
