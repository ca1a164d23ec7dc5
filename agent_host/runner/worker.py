"""The tasks of one kind in this process: attempts started as they come due, within the bound."""

import asyncio
import logging
from typing import Final, NamedTuple

from agent_host.errors import StoreError
from agent_host.protocols.clock import Clock
from agent_host.runner.attempt import Attempt, TaskKind
from agent_host.runner.begun_task import Begun
from agent_host.runner.due_queue import DueQueue, QueueEntry
from agent_host.runner.task_book import TaskBook
from agent_host.runner.task_census import Attempting
from agent_host.runner.task_record import StoredTask
from agent_host.runner.timeline import Timeline
from agent_host.system import settled_within
from agent_host.types.identifier import TaskId

logger = logging.getLogger(__name__)

_LONGEST_PAUSE_SECONDS: Final = 60.0
"""A timer for a task of next year is of no use; what is due is looked at this often."""

_STORE_PAUSE_SECONDS: Final = 1.0


class _Running(NamedTuple):
    task_id: TaskId
    attempt: Attempt
    task: asyncio.Task[None]


class Worker:
    """Starts attempts while `run` runs; they may outlive it, in the same group."""

    def __init__(
        self,
        kind: TaskKind,
        *,
        queue: DueQueue,
        book: TaskBook,
        clock: Clock,
        timeline: Timeline,
    ) -> None:
        self.kind = kind
        self._queue = queue
        self._book = book
        self._clock = clock
        self._timeline = timeline
        self._attempts: dict[str, _Running] = {}
        self._promised: dict[TaskId, QueueEntry] = {}
        self._group: asyncio.TaskGroup | None = None
        self._wake: asyncio.Future[bool] | None = None
        self._idle: asyncio.Future[bool] | None = None
        self._goes_down = False
        self._stops = False
        self._overdue_at = 0.0
        """No attempt is overdue before; any that begins later is overdue later."""

    def offer(self, stored: StoredTask) -> None:
        """Take a task that was just queued in the store."""
        if self._queue.offer(stored):
            self._rouse()

    def distrust(self) -> None:
        """Something may have been queued in the store that nobody could offer: look again."""
        self._queue.distrust()
        self._rouse()

    async def run(self, group: asyncio.TaskGroup) -> None:
        """Start attempts for ever."""
        loop = asyncio.get_running_loop()
        self._group = group
        while True:
            self._wake = wake = loop.create_future()
            pause = min(await self._start_due(group), self._stop_overdue())
            await settled_within(wake, pause, clock=self._clock)

    def promise(self, stored: StoredTask) -> bool:
        """Keep room for the first attempt of a task that is about to be accepted, unless there is
        none beside what is due. Call `keep_promise` or `break_promise` next.
        """
        room = self._room()
        if room < 1:
            return False
        # Until `run` has looked into the queue, anything may be due.
        if self._queue.has_more_due(room - 1, self._timeline.microseconds()):
            return False
        self._promised[stored.task.id] = self._queue.take_new(stored)
        return True

    async def keep_promise(self, begun: Begun) -> None:
        """Start the attempt: the task was accepted. It does not count if attempts were stopped
        meanwhile.
        """
        task_id = begun.stored.task.id
        entry = self._promised[task_id]
        attempt = self._attempt(entry, begun)
        if self._group is None or self._stops:
            try:
                await attempt.withdraw()
            finally:
                self.break_promise(task_id)
        else:
            del self._promised[task_id]
            self._run(entry, attempt, self._group)

    def break_promise(self, task_id: TaskId) -> None:
        """Give the room back: there will be no attempt."""
        self._queue.give_up(self._promised.pop(task_id))
        self._came_free()

    async def finish_within(self, seconds: float) -> None:
        """Let attempts end in this time, then stop them: their tasks are left for the next
        process. Call it when `run` has ended.
        """
        if (self._attempts or self._promised) and seconds > 0:
            await settled_within(self._until_idle(), seconds, clock=self._clock)
        self._stops = True
        await asyncio.sleep(0)  # what was started just now could not leave its task as it should
        for one in self._attempts.values():
            one.task.cancel()
        if self._attempts or self._promised:
            await self._until_idle()

    def attempting(self) -> Attempting:
        """The attempts that are under way now."""
        queued = {id_ for id_, one in self._attempts.items() if not one.attempt.is_begun}
        return Attempting(queued, len(self._attempts) - len(queued))

    def is_attempting(self, task_id: TaskId) -> bool:
        """Whether an attempt of this task is under way here."""
        return any(one.task_id == task_id for one in self._attempts.values())

    async def until_ended(self, task_id: TaskId) -> None:
        """Return once no attempt of this task is under way here."""
        running = [one.task for one in self._attempts.values() if one.task_id == task_id]
        if running:
            await asyncio.wait(running)

    def revoke(self, task_id: TaskId) -> None:
        """Cancel the attempt, if there is one, at a task that is marked as cancelled."""
        for one in self._attempts.values():
            if one.task_id == task_id and one.attempt.revoke():
                one.task.cancel()

    async def _start_due(self, group: asyncio.TaskGroup) -> float:
        """Start what is due and has room; how long there is nothing to do, in seconds."""
        while self._room() > 0:
            try:
                await self._queue.load()
            except StoreError as error:
                logger.warning("kind %s waits for the store: %s", self.kind.name, error.code)
                return _STORE_PAUSE_SECONDS
            due_at = self._queue.due_at()
            if due_at is None:
                return _LONGEST_PAUSE_SECONDS
            early = due_at - self._timeline.microseconds()
            if early > 0:
                return min(early / 1e6, _LONGEST_PAUSE_SECONDS)
            entry = self._queue.take()
            self._run(entry, self._attempt(entry), group)
        return _LONGEST_PAUSE_SECONDS

    def _stop_overdue(self) -> float:
        """Stop attempts whose time is over; in how many seconds there may be another."""
        now = self._clock.monotonic()
        if now < self._overdue_at:
            return self._overdue_at - now
        limit = self.kind.retry.time_limit.total_seconds()
        self._overdue_at = now + limit
        for one in self._attempts.values():
            called_at = one.attempt.called_at
            if called_at is None:
                continue
            if called_at + limit <= now:
                one.attempt.time_out()
                one.task.cancel()
            else:
                self._overdue_at = min(self._overdue_at, called_at + limit)
        return self._overdue_at - now

    def _room(self) -> int:
        """How many attempts more there may be now."""
        if self._goes_down:
            return 0
        return self.kind.concurrency - len(self._attempts) - len(self._promised)

    def _attempt(self, entry: QueueEntry, begun: Begun | None = None) -> Attempt:
        return Attempt(entry, kind=self.kind, book=self._book, clock=self._clock, begun=begun)

    def _run(self, entry: QueueEntry, attempt: Attempt, group: asyncio.TaskGroup) -> None:
        task = group.create_task(attempt.run())
        self._attempts[entry.id] = _Running(entry.task_id, attempt, task)
        task.add_done_callback(lambda _: self._ended(entry))

    def _ended(self, entry: QueueEntry) -> None:
        ended = self._attempts.pop(entry.id)
        self._goes_down = self._goes_down or ended.attempt.handed_back
        self._queue.give_up(entry)
        self._came_free()

    def _came_free(self) -> None:
        self._rouse()
        is_idle = not (self._attempts or self._promised)
        if is_idle and self._idle is not None and not self._idle.done():
            self._idle.set_result(True)

    def _until_idle(self) -> "asyncio.Future[bool]":
        self._idle = asyncio.get_running_loop().create_future()
        return self._idle

    def _rouse(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(True)


__all__ = ["Worker"]
