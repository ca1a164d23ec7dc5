"""Every task of a store, whatever its state: listed for whoever must know all, and erased."""

import logging
from collections.abc import Awaitable, Callable, Mapping

from agent_host.errors import ConflictError, UnreadableRecordError
from agent_host.protocols.state_store import StateStore
from agent_host.runner.task_book import TaskBook
from agent_host.runner.task_record import TASKS, WHOLE, is_over, read_task
from agent_host.runner.worker import Worker
from agent_host.types.identifier import TaskId
from agent_host.types.page import Page
from agent_host.types.store import Record
from agent_host.types.task import Task, TaskStatus

logger = logging.getLogger(__name__)


class KeptTasks:
    """`cancel` is the runner's."""

    def __init__(
        self,
        store: StateStore,
        *,
        book: TaskBook,
        workers: Mapping[str, Worker],
        cancel: Callable[[TaskId], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._book = book
        self._workers = workers
        self._cancel = cancel

    async def page(self, *, after: str | None, limit: int) -> Page[Task]:
        """By id. A record that cannot be read is passed over."""
        found = await self._store.scan(TASKS, WHOLE, after=after, limit=limit)
        tasks = tuple(task for task in map(_readable, found) if task is not None)
        return Page(items=tasks, next_cursor=found[-1].key.id if len(found) == limit else None)

    async def erase(self, task_id: TaskId) -> bool:
        """Leave no trace of it; whether there was one."""
        while True:
            stored = await self._book.find(task_id)
            if stored is None:
                return False
            if not is_over(stored.task):
                await self._cancel(task_id)
            worker = self._workers.get(stored.task.spec.kind)
            if worker is not None:
                await worker.until_ended(task_id)
            stored = await self._book.find(task_id)
            if stored is None or not is_over(stored.task):
                continue
            try:
                if stored.task.status is TaskStatus.CANCELLED and stored.task.over_at is None:
                    # Its attempt died with its process before it could clear the places away.
                    await self._book.finish(stored, TaskStatus.CANCELLED)
                    continue
                await self._book.forget(stored)
            except ConflictError:
                continue  # an operator replayed it meanwhile
            return True


def _readable(record: Record) -> Task | None:
    try:
        return read_task(record).task
    except UnreadableRecordError as error:
        logger.error("task %s cannot be listed: %s", record.key.id, error.code)  # noqa: TRY400
        return None


__all__ = ["KeptTasks"]
