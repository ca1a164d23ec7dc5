"""One attempt at one follow: what the follower is given, and how far it came."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from agent_host.errors import ConflictError, FollowEndedError
from agent_host.host.record.follow_record import (
    FollowPlace,
    FollowRecords,
    FoundFollow,
    StoredFollow,
)
from agent_host.host.run.journal import read_journal
from agent_host.host.run.part import EngineParts
from agent_host.types.event import JournalEntry, RunCancelled, RunCompleted, RunFailed
from agent_host.types.follow import Follow, FollowCursor, FollowStatus
from agent_host.types.identifier import TaskId
from agent_host.types.run import Run

LINGER: Final = timedelta(seconds=0.2)
"""How long an attempt waits for more, as another costs more than the wait."""

SLICE: Final = timedelta(seconds=20)
"""After so long others get their turn; what is under way is finished."""


class RunFollowAttempt:
    """The `FollowAttempt`. It writes the cursor, and nobody else does while it lasts."""

    def __init__(
        self,
        parts: EngineParts,
        place: FollowPlace,
        found: FoundFollow,
        *,
        records: FollowRecords,
        run: Run,
    ) -> None:
        self._parts = parts
        self._place = place
        self._stored = found.stored
        self._version = found.version
        self._records = records
        self._run = run
        self._ends_at = parts.clock.monotonic() + SLICE.total_seconds()
        self._seen = found.stored.follow.cursor.sequence
        self.has_more = False
        """Whether entries may be left for lack of time."""
        self.came_on = False
        """Whether anything was confirmed."""

    @property
    def follow(self) -> Follow:
        """As it stands."""
        return self._stored.follow

    @property
    def run(self) -> Run:
        """The run."""
        return self._run

    async def entries(self, *, start: int = 0) -> AsyncIterator[JournalEntry]:
        """What there is, and a little longer."""
        place, journals = self._place, self._parts.journals
        position = start
        while True:
            page = await read_journal(self._parts, place.owner, place.run_id, start=position)
            for entry in page:
                is_new = entry.sequence >= self.follow.cursor.sequence
                if is_new:
                    await self._refresh()
                yield entry
                position = entry.sequence + 1
                self._seen = max(self._seen, position)
                if isinstance(entry.event, RunCompleted | RunFailed | RunCancelled):
                    return
                if is_new and self._parts.clock.monotonic() >= self._ends_at:
                    self.has_more = True
                    return
            if not page and not await journals.wait(
                place.owner, place.run_id, length=position, at_most=LINGER
            ):
                return

    async def confirm(self, cursor: FollowCursor) -> None:
        """Store how far it came."""
        self.came_on = True
        await self._write(cursor=cursor)

    async def settle(self) -> bool:
        """All that was given out is dealt with; whether that is all there will ever be."""
        cursor = FollowCursor(sequence=self._seen)
        is_over = await self._is_over()
        if is_over:
            await self._write(cursor=cursor, status=FollowStatus.OVER)
        elif cursor != self.follow.cursor:
            await self._write(cursor=cursor)
        return is_over

    async def give_up(self, task_id: TaskId) -> None:
        """Nobody tells any more, unless the dead letter is replayed."""
        await self._write(status=FollowStatus.DEAD, dead_task=task_id)

    async def reopen(self) -> None:
        """An operator wants it to be told again."""
        await self._write(status=FollowStatus.OPEN)

    async def _refresh(self) -> None:
        """What its owner wants by now."""
        found = await self._records.get(self._place)
        if found is None:
            raise FollowEndedError
        self._stored, self._version = found

    async def _is_over(self) -> bool:
        place = self._place
        found = await self._parts.runs.get(place.owner, place.run_id)
        if found is not None and not found[0].status.is_terminal:
            return False
        return await self._parts.journals.length(place.owner, place.run_id) <= self._seen

    async def _write(
        self,
        *,
        cursor: FollowCursor | None = None,
        status: FollowStatus | None = None,
        dead_task: TaskId | None = None,
    ) -> None:
        while True:
            follow = self._stored.follow
            changed = StoredFollow(
                follow=replace(
                    follow, cursor=cursor or follow.cursor, status=status or follow.status
                ),
                dead_task=dead_task,
            )
            writes = self._records.put(self._place, changed, expect=self._version)
            try:
                self._version = (await self._parts.store.commit(writes))[0]
            except ConflictError:
                # Its owner deleted it, or gave it another value, which is kept.
                await self._refresh()
            else:
                self._stored = changed
                return


__all__ = ["LINGER", "SLICE", "RunFollowAttempt"]
