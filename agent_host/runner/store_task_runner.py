"""Durable work over any store that one process owns: as durable as that store is."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self

from agent_host.errors import ConfigurationError, ConflictError, DrainingError
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskHandler
from agent_host.runner.attempt import TaskKind
from agent_host.runner.due_queue import DueQueue
from agent_host.runner.task_book import TaskBook
from agent_host.runner.task_record import StoredTask, TaskRecord, is_over, microseconds
from agent_host.runner.worker import Worker
from agent_host.system import SystemClock, SystemIdFactory
from agent_host.types.identifier import TASK_PREFIX, TaskId
from agent_host.types.page import Page
from agent_host.types.store import ABSENT, Write
from agent_host.types.task import RetryPolicy, Task, TaskSpec, TaskStatus

RETENTION: Final = timedelta(hours=24)
WINDOW: Final = 1024


class StoreTaskRunner:
    """`TaskRunner` over a store that no other process writes to while this runs.

    Finished tasks are kept for `retention`, dead letters until they are purged. A drain that stops
    an attempt does not count it; a crash does, so that a task that kills its process ends as a dead
    letter. Handlers must end when cancelled. A window of due tasks is kept in memory for each kind;
    the rest stays in the store until it is needed. `on_dead` is told of each new dead letter.
    """

    def __init__(
        self,
        store: StateStore,
        *,
        clock: Clock | None = None,
        ids: IdFactory | None = None,
        retention: timedelta = RETENTION,
        window: int = WINDOW,
        on_dead: Callable[[Task], None] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock or SystemClock()
        self._ids = ids or SystemIdFactory()
        self._book = TaskBook(
            store,
            self._clock,
            retention=retention,
            queued=self._offer,
            in_doubt=self._distrust,
            buried=on_dead,
        )
        self._window = window
        self._workers: dict[str, Worker] = {}
        self._group = asyncio.TaskGroup()
        self._dispatchers: list[asyncio.Task[None]] = []
        self._resumed = False
        self._draining = False
        self._last_order = 0

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
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
        self, kind: str, handler: TaskHandler, *, concurrency: int, retry: RetryPolicy
    ) -> None:
        """Say who does tasks of this kind."""
        if self._resumed:
            message = f"Register the handler of {kind!r} before the runner is resumed."
            raise ConfigurationError(message)
        if kind in self._workers:
            message = f"Tasks of kind {kind!r} have a handler already."
            raise ConfigurationError(message)
        self._workers[kind] = Worker(
            TaskKind(name=kind, handler=handler, concurrency=concurrency, retry=retry),
            queue=DueQueue(self._store, kind, window=self._window),
            book=self._book,
            clock=self._clock,
        )

    async def schedule(self, spec: TaskSpec, *, alongside: Sequence[Write] = ()) -> Task:
        """Accept the work, durable when this returns; the earlier task if its key is known."""
        if self._draining:
            message = "The host is going down and takes no new tasks."
            raise DrainingError(message)
        if spec.kind not in self._workers:
            message = f"Nobody is registered for tasks of kind {spec.kind!r}."
            raise ConfigurationError(message)
        now = self._clock.now()
        task = Task(
            id=TaskId(self._ids.new(TASK_PREFIX)),
            spec=spec,
            status=TaskStatus.SCHEDULED,
            created_at=now,
            due_at=now + spec.delay,
        )
        record = TaskRecord(task=task, order=self._next_order(now))
        key_version = ABSENT
        while True:
            try:
                await self._book.add(record, alongside=alongside, key_version=key_version)
            except ConflictError:
                earlier, found_version = await self._book.find_by_key(task)
                if earlier is not None:
                    return earlier.task
                if found_version == key_version:
                    raise  # not the key: something in `alongside`
                key_version = found_version
            else:
                return task

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

    async def dead_letters(self, *, after: str | None = None, limit: int = 50) -> Page[Task]:
        """Tasks that were given up, oldest first."""
        return await self._book.dead_letters(after=after, limit=limit)

    async def replay(self, task_id: TaskId) -> bool:
        """Schedule a dead letter again under its own id, attempts counted afresh."""
        dead = await self._dead(task_id)
        if dead is None:
            return False
        now = self._clock.now()
        try:
            await self._book.revive(dead, due_at=now, order=self._next_order(now))
        except ConflictError:
            return False  # another replayed or purged it
        return True

    async def purge(self, task_id: TaskId) -> bool:
        """Forget a dead letter."""
        dead = await self._dead(task_id)
        if dead is None:
            return False
        try:
            await self._book.forget(dead)
        except ConflictError:
            return False
        return True

    def resume(self) -> None:
        """Start doing tasks, those first that an earlier process left."""
        if self._resumed or self._draining:
            return
        self._resumed = True
        self._dispatchers = [
            self._group.create_task(worker.run(self._group)) for worker in self._workers.values()
        ]

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

    async def _dead(self, task_id: TaskId) -> StoredTask | None:
        stored = await self._book.find(task_id)
        return stored if stored is not None and stored.task.status is TaskStatus.DEAD else None

    def _offer(self, stored: StoredTask) -> None:
        worker = self._workers.get(stored.task.spec.kind)
        if worker is not None:
            worker.offer(stored)

    def _distrust(self) -> None:
        for worker in self._workers.values():
            worker.distrust()

    def _next_order(self, now: datetime) -> int:
        self._last_order = max(microseconds(now), self._last_order + 1)
        return self._last_order


__all__ = ["StoreTaskRunner"]
