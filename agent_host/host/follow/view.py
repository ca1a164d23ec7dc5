"""Follows as their owners see them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from agent_host.errors import ConflictError, FollowLimitError, NotFoundError
from agent_host.host.follow.dispatcher import FollowDispatcher
from agent_host.host.record.follow_record import (
    FollowPlace,
    FollowRecords,
    FoundFollow,
    StoredFollow,
)
from agent_host.host.run.part import EngineParts
from agent_host.host.run.reader import RunReader
from agent_host.types.follow import Follow, FollowCursor, FollowStatus
from agent_host.types.json import JsonObject
from agent_host.types.principal import Owner
from agent_host.types.run import Run
from agent_host.types.store import ABSENT

FOLLOWS_LIMIT: Final = 10
"""For one run, on all channels."""


class OwnedFollows:
    """The `FollowView` of one owner on one channel."""

    def __init__(
        self,
        parts: EngineParts,
        *,
        records: FollowRecords,
        dispatcher: FollowDispatcher,
        reader: RunReader,
        owner: Owner,
        channel: str,
    ) -> None:
        self._parts = parts
        self._records = records
        self._dispatcher = dispatcher
        self._reader = reader
        self._owner = owner
        self._channel = channel

    async def put(self, run_id: str, name: str, value: JsonObject, *, from_start: bool) -> Follow:
        """Follow a run, or change how."""
        place = self._place((await self._reader.get(run_id)).run, name)
        while True:
            try:
                return await self._put(place, value, from_start=from_start)
            except ConflictError:
                continue  # it was told a little further meanwhile

    async def get(self, run_id: str, name: str) -> Follow:
        """One of them."""
        run = (await self._reader.get(run_id)).run
        found = await self._records.get(self._place(run, name))
        if found is None:
            raise NotFoundError("follow")
        return found.stored.follow

    async def list(self, run_id: str) -> Sequence[Follow]:
        """All of a run."""
        run = (await self._reader.get(run_id)).run
        return await self._records.list_of_run(
            self._owner, run.id, channel=self._channel, limit=FOLLOWS_LIMIT
        )

    async def delete(self, run_id: str, name: str) -> None:
        """Tell no more."""
        run = (await self._reader.get(run_id)).run
        place = self._place(run, name)
        await self._parts.store.commit(self._records.delete(place))
        self._dispatcher.forget(place)

    async def _put(self, place: FollowPlace, value: JsonObject, *, from_start: bool) -> Follow:
        found = await self._records.get(place)
        if found is not None:
            return await self._change(place, found, value)
        self._dispatcher.check_room()
        await self._check_count(place, most=FOLLOWS_LIMIT - 1)
        follow = Follow(
            run_id=place.run_id,
            name=place.name,
            value=value,
            cursor=FollowCursor(sequence=0 if from_start else await self._length(place)),
            status=FollowStatus.OPEN,
            created_at=self._parts.clock.now(),
        )
        if await self._is_told(place, follow):
            follow = replace(follow, status=FollowStatus.OVER)
        stored = StoredFollow(follow=follow)
        await self._parts.store.commit(self._records.put(place, stored, expect=ABSENT))
        try:
            await self._check_count(place, most=FOLLOWS_LIMIT)  # others may have come just now
        except FollowLimitError:
            await self._parts.store.commit(self._records.delete(place))
            raise
        self._go_on(place, follow)
        return follow

    async def _change(self, place: FollowPlace, found: FoundFollow, value: JsonObject) -> Follow:
        before = found.stored.follow
        # With the new value it may be told what it could not be with the old.
        status = FollowStatus.OPEN if before.status is FollowStatus.DEAD else before.status
        follow = replace(before, value=value, status=status)
        stored = StoredFollow(follow=follow)
        await self._parts.store.commit(self._records.put(place, stored, expect=found.version))
        if status is not before.status:
            self._go_on(place, follow)
        return follow

    def _go_on(self, place: FollowPlace, follow: Follow) -> None:
        if follow.status is FollowStatus.OPEN:
            self._dispatcher.wait(place, sequence=follow.cursor.sequence)

    async def _is_told(self, place: FollowPlace, follow: Follow) -> bool:
        """Whether the run is over, and had no entry behind the cursor when it ended."""
        run = (await self._reader.get(place.run_id)).run
        return run.status.is_terminal and await self._length(place) <= follow.cursor.sequence

    async def _length(self, place: FollowPlace) -> int:
        return await self._parts.journals.length(self._owner, place.run_id)

    async def _check_count(self, place: FollowPlace, *, most: int) -> None:
        found = await self._records.list_of_run(
            self._owner, place.run_id, channel=None, limit=FOLLOWS_LIMIT + 1
        )
        if len(found) > most:
            raise FollowLimitError(f"One run is followed at most {FOLLOWS_LIMIT} times.")

    def _place(self, run: Run, name: str) -> FollowPlace:
        return FollowPlace(owner=self._owner, channel=self._channel, run_id=run.id, name=name)


__all__ = ["FOLLOWS_LIMIT", "OwnedFollows"]
