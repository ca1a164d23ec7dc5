"""One attempt at one task: counted, made within its time limit, and its outcome recorded."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final, TypeVar

from agent_host.errors import (
    ConflictError,
    HostError,
    PermanentTaskError,
    RetryTaskError,
    StoreError,
    TaskHandedBackError,
    TaskReplacedError,
)
from agent_host.protocols.clock import Clock
from agent_host.protocols.task_runner import PreparedAttempt, TaskHandler, TaskPreparation
from agent_host.runner.begun_task import Begun
from agent_host.runner.due_queue import QueueEntry
from agent_host.runner.retry import delay_before_retry
from agent_host.runner.task_book import TaskBook
from agent_host.runner.task_record import QUEUE, StoredTask
from agent_host.types.store import Key, Write
from agent_host.types.task import RetryPolicy, Task, TaskStatus

logger = logging.getLogger(__name__)

T = TypeVar("T")

TIMEOUT: Final = "timeout"
HANDLER_ERROR: Final = "handler_error"
INTERRUPTED: Final = "interrupted"
"""The process, or something inside the handler, ended the attempt without an answer."""

_STORE_PAUSE_SECONDS: Final = 0.5
_STORE_PAUSE_LIMIT_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskKind:
    """Who does tasks of one kind, and how."""

    name: str
    handler: TaskHandler
    concurrency: int
    retry: RetryPolicy
    on_dead: TaskHandler | None = None
    prepare: TaskPreparation | None = None
    keeps_done: bool = True


@dataclass(frozen=True, slots=True)
class _Success:
    writes: Sequence[Write]


@dataclass(frozen=True, slots=True)
class _Failure:
    code: str
    permanent: bool = False
    handed_back: bool = False
    retry_after: timedelta | None = None


_SUCCESS: Final = _Success(())


class Attempt:
    """Cancelling the asyncio task that runs this leaves the work to the next process, unless
    `revoke` was called: then the task itself was cancelled, and it is cleared away.
    """

    __slots__ = (
        "_begun",
        "_book",
        "_calling",
        "_clock",
        "_entry",
        "_kind",
        "_revoked",
        "_timed_out",
        "called_at",
        "handed_back",
    )

    def __init__(
        self,
        entry: QueueEntry,
        *,
        kind: TaskKind,
        book: TaskBook,
        clock: Clock,
        begun: Begun | None = None,
    ) -> None:
        self._entry = entry
        self._kind = kind
        self._book = book
        self._clock = clock
        self._revoked = False
        self._calling = False
        self._timed_out = False
        self._begun = begun
        self.called_at: float | None = None
        """When the handler was called, by the monotonic clock; None before and after."""
        self.handed_back = False
        """Whether the handler said that this process goes down."""

    @property
    def is_begun(self) -> bool:
        """Whether it was counted as its task was accepted, which is not listed yet."""
        return self._begun is not None

    def revoke(self) -> bool:
        """Say that the task was cancelled in the store; whether a handler is at work on it, and
        is to be cancelled too. Before and after that the store's versions see to it.
        """
        self._revoked = True
        return self._calling

    def time_out(self) -> None:
        """Its time is over. The asyncio task that runs this is to be cancelled with it, once."""
        self._timed_out = True
        self.called_at = None

    async def run(self) -> None:
        """Make the attempt. Ends without an exception unless it is cancelled."""
        try:
            begun = await self._begin()
            if begun is None:
                return
            stored, work = begun.stored, begun.work
            is_recorded = False
            while not is_recorded:
                if self._revoked:
                    await self._patiently(self._clear_away)
                    return
                outcome = await self._call(work, stored.task)
                if self._kind.keeps_done or not isinstance(outcome, _Success):
                    stored = await self._patiently(partial(self._book.listed, stored))
                    self._begun = None
                is_recorded = await self._patiently(partial(self._record, stored, outcome))
                work = self._kind.handler
        except asyncio.CancelledError:
            await self.withdraw()
            raise
        except Exception as error:  # noqa: BLE001 - one bad record must not end the runner
            # Left where it is: nothing is guessed.
            code = error.code if isinstance(error, HostError) else type(error).__name__
            logger.error("task %s is left alone: %s", self._entry.task_id, code)  # noqa: TRY400

    async def _begin(self) -> Begun | None:
        """The task, its attempt counted, and what to do; None if there is nothing to do for this
        entry.
        """
        begun = self._begun
        if begun is not None:
            is_there = partial(self._book.is_begun, begun.stored)
            return begun if begun.doubt is None or await self._patiently(is_there) else None
        stored = self._entry.stored or await self._patiently(self._find)
        while stored is not None and stored.entry.id == self._entry.id:
            if stored.task.status in (TaskStatus.SUCCEEDED, TaskStatus.DEAD):
                return None
            try:
                return await self._patiently(partial(self._count, stored))
            except ConflictError:
                stored = await self._patiently(self._find)  # it, or what it is about, was changed
        if stored is None:
            entry = Key(QUEUE, self._kind.name, self._entry.id)
            lane = self._entry.lane
            await self._patiently(partial(self._book.drop_entry, entry, lane=lane))
        return None

    async def _find(self) -> StoredTask | None:
        return await self._book.find(self._entry.task_id)

    async def _count(self, stored: StoredTask) -> Begun | None:
        task = stored.task
        if task.status is TaskStatus.CANCELLED:
            await self._book.finish(stored, task.status)
            return None
        if task.starts >= self._kind.retry.attempts_limit:
            await self._give_up(stored, INTERRUPTED)
            return None
        try:
            writes, work = await self._prepared(task)
        except RetryTaskError as error:
            delay = delay_before_retry(
                self._kind.retry, starts=task.starts + 1, retry_after=error.retry_after
            )
            await self._book.postpone(stored, delay=delay, code=error.code)
            return None
        return Begun(await self._book.begin(stored, alongside=writes), work)

    async def _prepared(self, task: Task) -> PreparedAttempt:
        """Raises `RetryTaskError`, or what the store does; all else is left to the handler."""
        prepared = None
        if self._kind.prepare is not None:
            try:
                prepared = await self._kind.prepare(task)
            except (RetryTaskError, StoreError):
                raise
            except Exception as error:
                logger.debug("task %s could not be prepared", task.id, exc_info=error)
        return prepared or PreparedAttempt((), self._kind.handler)

    async def _call(self, work: TaskHandler, task: Task) -> _Success | _Failure:
        self.called_at = self._clock.monotonic()
        self._calling = True
        try:
            writes = await work(task)
        except asyncio.CancelledError:
            if self._is_stopped():
                raise
            return self._failed(task, TIMEOUT) if self._timed_out else _Failure(INTERRUPTED)
        except TaskHandedBackError as error:
            return _Failure(error.code, handed_back=True)
        except PermanentTaskError as error:
            return _Failure(error.code, permanent=True)
        except RetryTaskError as error:
            return _Failure(error.code, retry_after=error.retry_after)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is its outcome
            return self._failed(task, _code_of(error), error)
        finally:
            self._calling = False
            self.called_at = None
        return _Success(writes) if writes else _SUCCESS

    def _is_stopped(self) -> bool:
        """Whether a cancellation that comes out of the handler is about more than its time."""
        current = asyncio.current_task()
        if current is None:
            return True
        if self._timed_out:
            current.uncancel()
        return current.cancelling() > 0

    def _failed(self, task: Task, code: str, error: Exception | None = None) -> _Failure:
        # The text of a handler's exception may hold content, so only a debugging log gets it.
        name = TIMEOUT if error is None else type(error).__name__
        logger.warning("task %s of kind %s failed: %s (%s)", task.id, self._kind.name, code, name)
        if error is not None:
            logger.debug("task %s failed", task.id, exc_info=error)
        return _Failure(code)

    async def _record(self, stored: StoredTask, outcome: _Success | _Failure) -> bool:
        """Whether that is all; otherwise the handler's writes conflicted."""
        task, retry = stored.task, self._kind.retry
        try:
            if isinstance(outcome, _Success):
                await self._book.finish(
                    stored,
                    TaskStatus.SUCCEEDED,
                    alongside=outcome.writes,
                    is_kept=self._kind.keeps_done,
                )
            elif outcome.handed_back:
                self.handed_back = True
                await self._book.hand_back(stored)
            elif outcome.permanent or task.starts >= retry.attempts_limit:
                await self._give_up(stored, outcome.code)
            else:
                delay = delay_before_retry(
                    retry, starts=task.starts, retry_after=outcome.retry_after
                )
                await self._book.postpone(stored, delay=delay, code=outcome.code)
        except ConflictError:
            if not stored.is_listed:
                return not await self._book.is_begun(stored)
            found = await self._find()
            if found is not None and found.version == stored.version:
                return False
            # Only a cancellation changes a task that is being attempted.
            await self._clear_away()
        return True

    async def _give_up(self, stored: StoredTask, code: str) -> None:
        task = stored.task
        logger.warning("task %s is given up: %s", task.id, code)
        if self._kind.on_dead is not None:
            try:
                await self._kind.on_dead(task)
            except StoreError:
                raise  # it is tried again, as the dead letter itself is
            except TaskReplacedError:
                await self._book.finish(stored, TaskStatus.CANCELLED)
                return
            except Exception:
                logger.exception("task %s: what follows from giving it up failed", task.id)
        await self._book.bury(stored, code=code)

    async def _clear_away(self) -> None:
        """Take a task that was cancelled meanwhile out of the queue."""
        stored = await self._find()
        if stored is not None and stored.task.status is TaskStatus.CANCELLED:
            await self._book.finish(stored, TaskStatus.CANCELLED)

    async def withdraw(self) -> None:
        """Leave the store as an attempt should that is stopped, or was not made at all."""
        try:
            if self._revoked:
                await self._patiently(self._clear_away)
                return
            begun = self._begun
            if begun is not None and await self._book.is_begun(begun.stored):
                await self._book.listed(begun.stored)
            stored = await self._find()
            if stored is not None and stored.task.status is TaskStatus.ATTEMPTING:
                await self._book.hand_back(stored)
        except HostError as error:
            # The next process finds it as after a crash.
            logger.warning("task %s is left as it is: %s", self._entry.task_id, error.code)

    async def _patiently(self, change: Callable[[], Awaitable[T]]) -> T:
        """Repeat what the store refuses for the moment: a store that comes back finds us here."""
        pause = _STORE_PAUSE_SECONDS
        while True:
            try:
                return await change()
            except StoreError as error:
                if not error.retryable:
                    raise
                logger.warning("task %s waits for the store: %s", self._entry.task_id, error.code)
            await self._clock.sleep(pause)
            pause = min(2 * pause, _STORE_PAUSE_LIMIT_SECONDS)


def _code_of(error: Exception) -> str:
    return error.code if isinstance(error, HostError) else HANDLER_ERROR


__all__ = ["Attempt", "TaskKind"]
