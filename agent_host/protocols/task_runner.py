"""The seam to durable work: inbound turns, background runs and outbound pushes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import NamedTuple, Protocol, TypeAlias

from agent_host.types.identifier import TaskId
from agent_host.types.page import Page
from agent_host.types.store import Write
from agent_host.types.task import RetryPolicy, Task, TaskCounts, TaskSpec

TaskHandler: TypeAlias = Callable[[Task], Awaitable[Sequence[Write] | None]]
"""Does the work of one attempt. Returning is success; `RetryTaskError` asks for another attempt,
`PermanentTaskError` gives up; `TaskHandedBackError` leaves the task, and all others of its kind, to
the next process; any other exception is retried within the policy. It must be safe to call twice
for one task: a crash after the work and before the record repeats it.

Writes that it returns are done in the commit that ends the task. If one of them conflicts, the
handler is called again within the same attempt, and has to look at what there is by now.
"""


class PreparedAttempt(NamedTuple):
    """What an attempt will do: `writes` are done in the commit that counts it, then `work` is
    called, which is to the attempt what the handler is.
    """

    writes: Sequence[Write]
    work: TaskHandler


TaskPreparation: TypeAlias = Callable[[Task], Awaitable[PreparedAttempt | None]]
"""Looks at a task before its attempt is counted, and does nothing that anybody could notice: it may
be called any number of times, and it has no time limit. None leaves it all to the handler.
`RetryTaskError` postpones the attempt, which then counts for nothing.
"""


class TaskRunner(AbstractAsyncContextManager["TaskRunner", None], Protocol):
    """Runs what was scheduled at least once, within bounds, in lane order, across restarts.

    Entered paused: it takes tasks and starts none before `resume`. What an earlier process left is
    picked up at `resume`, with the attempts it has left.
    """

    @property
    def durable(self) -> bool:
        """Whether a scheduled task survives `kill -9` of the process."""
        ...

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
        """Say who does tasks of this kind, at most `concurrency` at once in this process.

        `on_dead` is called, at least once, before a task becomes a dead letter; what it raises is
        logged, but for `TaskReplacedError`: then the task is over, as a cancelled one, and no dead
        letter. Without `keeps_done` a task that succeeded is forgotten at once, with its key.

        Raises:
            ConfigurationError: the kind has a handler, or the runner was resumed already.
        """
        ...

    async def schedule(self, spec: TaskSpec, *, alongside: Sequence[Write] = ()) -> Task:
        """Accept the work and do `alongside` in the same atomic step. Durable when it returns.

        With a `key` that is known within the kind the earlier task is returned and `alongside` is
        not done.

        Raises:
            ConflictError, StoreFullError: from the store; nothing was scheduled.
            ConfigurationError: nobody is registered for the kind.
            DrainingError: `drain` was called.
        """
        ...

    async def begin(self, spec: TaskSpec, prepare: TaskPreparation) -> bool:
        """Accept the work with its first attempt counted, all in one atomic step with the writes
        that `prepare` gives, and make that attempt at once by its `work`. Durable when it returns.

        False, and nothing was done, where the attempt would have to wait: for room, for its lane,
        for what has been due for longer, for its delay; or where `prepare` gives None or raises
        `RetryTaskError`. Then it is for `schedule`. A runner may always say so, and does for a task
        with a key. The task need not be found by its id before its first attempt has failed.
        Cancelled, or with another error of the store, it was done whole or not: then its attempt is
        made, or the place that it had given back.

        Raises:
            ConflictError, StoreFullError: from the store; nothing was done.
            ConfigurationError: nobody is registered for the kind.
            DrainingError: `drain` was called.
        """
        ...

    async def get(self, task_id: TaskId) -> Task | None:
        """The task, for as long as it is kept."""
        ...

    async def cancel(self, task_id: TaskId) -> bool:
        """Stop it from being attempted (again); whether it was still to be. One that is being
        attempted is cancelled where it stands.
        """
        ...

    async def summary(self) -> Mapping[str, TaskCounts]:
        """Counts by kind, of the kinds registered here and those that have dead letters.

        Counted from what is stored, up to a bound, so its cost has one too.
        """
        ...

    async def dead_letters(
        self, *, kind: str | None = None, after: str | None = None, limit: int = 50
    ) -> Page[Task]:
        """Tasks that were given up, those first that were first. `get` shows one.

        A page costs the same wherever it is in the list.
        """
        ...

    async def replay(self, task_id: TaskId) -> bool:
        """Schedule a dead letter again under its own id, attempts counted afresh."""
        ...

    async def replay_all(self, *, kind: str | None = None) -> int:
        """Replay the dead letters that there are now; how many."""
        ...

    async def purge(self, task_id: TaskId) -> bool:
        """Forget a dead letter."""
        ...

    async def purge_all(
        self, *, kind: str | None = None, older_than: timedelta = timedelta()
    ) -> int:
        """Forget the dead letters that were given up at least this long ago; how many."""
        ...

    async def kept(self, *, after: str | None = None, limit: int = 100) -> Page[Task]:
        """Every task that is kept, whatever its state, by id. A page may have fewer than `limit`
        and still a cursor.
        """
        ...

    async def erase(self, task_id: TaskId) -> bool:
        """Leave no trace of a task, whatever its state; whether there was one. An attempt that is
        under way is cancelled first, and its end waited for.
        """
        ...

    def resume(self) -> None:
        """Start doing tasks."""
        ...

    async def drain(self, grace: timedelta) -> None:
        """Refuse new tasks, start none, let attempts finish within the grace, then stop them;
        what was stopped is left scheduled for the next process.
        """
        ...


__all__ = ["PreparedAttempt", "TaskHandler", "TaskPreparation", "TaskRunner"]
