"""Many small changes as one commit: what is asked for while a commit is under way shares the next.

A commit to disk costs about the same for one task as for a hundred. Each caller still gets an
outcome of its own: a change that cannot be done does not keep the others from being done.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from agent_host.errors import ConflictError, StoreFullError, StoreUnavailableError
from agent_host.protocols.state_store import StateStore
from agent_host.types.store import Write

_GROUP_LIMIT: Final = 1024
_ROUNDS: Final = 4
"""So many turns of the event loop a group may grow before it is committed."""

_NOTHING_WAS_DONE: Final = (ConflictError, StoreFullError, TypeError, ValueError)


class _Change:
    __slots__ = ("done", "is_settled", "settled", "writes")

    def __init__(self, writes: Sequence[Write], done: "asyncio.Future[None]") -> None:
        self.writes = writes
        self.done = done
        self.is_settled = False
        self.settled: asyncio.Future[None] | None = None


class CommitGroup:
    """Commits for others while `run` runs, and one by one otherwise.

    One group at a time: with two at the store's, both are small, and its thread and the loop take
    the interpreter's lock from each other, which costs more than they gain by working at once.
    """

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self._running = False
        self._pending: list[_Change] = []
        self._idle: asyncio.Future[None] | None = None

    async def commit(self, writes: Sequence[Write]) -> None:
        """Do all the writes, or none. Cancelled, it was done whole or not, as with the store.

        Raises:
            StoreError: as the store does, for these writes.
        """
        if not self._running:
            await self._store.commit(writes)
            return
        loop = asyncio.get_running_loop()
        change = _Change(writes, loop.create_future())
        self._pending.append(change)
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)
        try:
            await change.done
        except asyncio.CancelledError:
            if change in self._pending:
                self._pending.remove(change)
            elif not change.is_settled:
                change.settled = loop.create_future()
                await change.settled
            raise

    async def run(self) -> None:
        """Commit for ever. What still waits when this is cancelled is refused."""
        self._running = True
        loop = asyncio.get_running_loop()
        try:
            while True:
                while not self._pending:
                    self._idle = loop.create_future()
                    await self._idle
                await self._gather()
                group = self._pending[:_GROUP_LIMIT]
                del self._pending[:_GROUP_LIMIT]
                if group:  # else whoever asked has gone away
                    await self._commit(group)
        finally:
            self._running = False
            for change in self._pending:
                _settle(change, _left())

    async def _gather(self) -> None:
        """Wait for what others are about to ask for, who are ready to run just now. For one who is
        alone that is a turn of an idle loop.
        """
        for _ in range(_ROUNDS):
            count = len(self._pending)
            await asyncio.sleep(0)
            if len(self._pending) == count:
                return

    async def _commit(self, group: list[_Change]) -> None:
        writes = (
            group[0].writes
            if len(group) == 1
            else [write for change in group for write in change.writes]
        )
        try:
            await self._store.commit(writes)
        except _NOTHING_WAS_DONE as error:
            if len(group) == 1:
                _settle(group[0], error)
                return
            async with asyncio.TaskGroup() as alone:
                for change in group:
                    alone.create_task(self._commit([change]))
        except BaseException as error:
            # Whether it was done is not known, for any of them.
            for change in group:
                _settle(change, error)
            if not isinstance(error, Exception):
                raise
        else:
            for change in group:
                _settle(change)


def _settle(change: _Change, error: BaseException | None = None) -> None:
    change.is_settled = True
    if not change.done.done():
        if error is None:
            change.done.set_result(None)
        else:
            change.done.set_exception(_left() if _is_ours(error) else error)
    if change.settled is not None and not change.settled.done():
        change.settled.set_result(None)


def _is_ours(error: BaseException) -> bool:
    """Whether it ended the task that commits, and none of its callers'."""
    return not isinstance(error, Exception)


def _left() -> StoreUnavailableError:
    return StoreUnavailableError("The task runner was left meanwhile.")


__all__ = ["CommitGroup"]
