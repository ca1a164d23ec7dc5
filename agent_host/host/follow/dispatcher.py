"""Sees to it that open follows are gone on with: tasks of the durable runner while there is
something to tell, and in between a wait for the run's journal to grow.

A follow has one of both at a time, so a quiet run costs a waiting task in memory and no more. Its
tasks have a lane of their own: no two attempts at it overlap.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta
from random import SystemRandom
from types import TracebackType
from typing import Final, Self

from agent_host.errors import (
    DrainingError,
    FollowEndedError,
    FollowLimitError,
    PermanentTaskError,
    RetryTaskError,
    StoreError,
)
from agent_host.host.follow.attempt import RunFollowAttempt
from agent_host.host.record.follow_record import (
    PLACE_CODEC,
    FollowPlace,
    FollowRecords,
    FoundFollow,
)
from agent_host.host.run.part import EngineParts
from agent_host.protocols.follow import Follower
from agent_host.types.follow import FollowStatus
from agent_host.types.task import RetryPolicy, Task, TaskSpec

logger = logging.getLogger(__name__)

FOLLOW_KIND: Final = "follow"
FOLLOWS_AT_ONCE: Final = 32
"""Attempts of all follows together: what one host sends at most at the same time."""

OPEN_LIMIT: Final = 10_000
RETRY: Final = RetryPolicy(
    attempts_limit=14,
    first_delay=timedelta(seconds=1),
    last_delay=timedelta(hours=1),
    time_limit=timedelta(minutes=5),
)
_WAIT: Final = timedelta(seconds=30)
_STORE_PAUSE_SECONDS: Final = 1.0
_PAGE: Final = 100
_RANDOM: Final = SystemRandom()


class FollowDispatcher:
    """Entered once the store and the runner are up. Followers are added by the channels."""

    def __init__(self, parts: EngineParts, *, records: FollowRecords) -> None:
        self._parts = parts
        self._records = records
        self._followers: dict[str, Follower] = {}
        self._open: set[FollowPlace] = set()
        self._waits: dict[FollowPlace, asyncio.Task[None]] = {}
        self._group = asyncio.TaskGroup()
        self._is_up = False
        parts.runner.register(
            FOLLOW_KIND,
            self._do,
            concurrency=FOLLOWS_AT_ONCE,
            retry=RETRY,
            on_dead=self._give_up,
        )

    async def __aenter__(self) -> Self:
        found: list[FollowPlace] = []
        after: str | None = None
        while after != "":
            places, after = await self._records.list_open(after=after, limit=_PAGE)
            found += places
        await self._group.__aenter__()
        self._is_up = True
        for place in found:
            self.wait(place, sequence=0)  # an attempt looks where it stands
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_up = False
        for task in self._waits.values():
            task.cancel()
        # A task group wraps what its body raises, which is none of its business here.
        await self._group.__aexit__(None, None, None)

    def add(self, channel: str, follower: Follower) -> None:
        """Say who tells what is followed on a channel."""
        self._followers[channel] = follower

    def remove(self, channel: str) -> None:
        """Nobody does any more."""
        del self._followers[channel]

    def check_room(self) -> None:
        """Refuse one more where there are too many.

        Raises:
            FollowLimitError: there are.
        """
        if len(self._open) >= OPEN_LIMIT:
            raise FollowLimitError("The host follows as many runs as it can. Try again later.")

    def wait(self, place: FollowPlace, *, sequence: int) -> None:
        """Go on with it once its run has an entry of this sequence, which may be now."""
        self._open.add(place)
        if self._is_up and place not in self._waits:
            self._waits[place] = self._group.create_task(self._until_grown(place, sequence))

    def forget(self, place: FollowPlace) -> None:
        """It was deleted."""
        self._open.discard(place)
        task = self._waits.pop(place, None)
        if task is not None:
            task.cancel()

    async def _until_grown(self, place: FollowPlace, sequence: int) -> None:
        while not await self._has_grown(place, sequence):
            pass
        # From here on its task may ask for another wait.
        self._waits.pop(place, None)
        while self._is_up:
            try:
                await self._schedule(place)
            except StoreError as error:
                await self._pause(place, error)
            except DrainingError:
                return  # the next process goes on
            else:
                return

    async def _has_grown(self, place: FollowPlace, sequence: int) -> bool:
        parts = self._parts
        try:
            if await parts.journals.wait(place.owner, place.run_id, length=sequence, at_most=_WAIT):
                return True
            # A run that expired is for the attempt to clear away.
            return await parts.runs.get(place.owner, place.run_id) is None
        except StoreError as error:
            await self._pause(place, error)
            return False

    async def _pause(self, place: FollowPlace, error: StoreError) -> None:
        logger.warning("a follow of %s waits for the store: %s", place.run_id, error.code)
        await self._parts.clock.sleep(_STORE_PAUSE_SECONDS)

    async def _schedule(self, place: FollowPlace, delay: timedelta = timedelta()) -> None:
        await self._parts.runner.schedule(
            TaskSpec(
                kind=FOLLOW_KIND,
                payload=PLACE_CODEC.encode(place),
                lane=f"{FOLLOW_KIND}.{len(place.owner.partition)}.{place.owner.partition}.{place.id}",
                delay=delay,
            )
        )

    async def _do(self, task: Task) -> None:
        place = PLACE_CODEC.decode(task.spec.payload)
        found = await self._records.get(place)
        if found is None or not _is_wanted(found, task):
            return
        follower = self._followers.get(place.channel)
        if follower is None:
            raise PermanentTaskError("The channel is not mounted.", code="no_channel")
        attempt = await self._attempt(place, found)
        if attempt is None:
            return
        try:
            if attempt.follow.status is FollowStatus.DEAD:
                await attempt.reopen()
            await self._tell(place, attempt, follower)
        except FollowEndedError:
            self._open.discard(place)

    async def _tell(
        self, place: FollowPlace, attempt: RunFollowAttempt, follower: Follower
    ) -> None:
        try:
            await follower(attempt)
        except RetryTaskError as error:
            if not attempt.came_on:
                raise
            # What is to be told now has all its attempts before it.
            jitter = RETRY.first_delay * _RANDOM.random()
            await self._schedule(place, (error.retry_after or timedelta()) + jitter)
            return
        if await attempt.settle():
            self._open.discard(place)
        elif attempt.has_more:
            await self._schedule(place)
        else:
            self.wait(place, sequence=attempt.follow.cursor.sequence)

    async def _give_up(self, task: Task) -> None:
        place = PLACE_CODEC.decode(task.spec.payload)
        found = await self._records.get(place)
        attempt = None if found is None else await self._attempt(place, found)
        if attempt is None:
            return
        with suppress(FollowEndedError):  # it was deleted meanwhile
            await attempt.give_up(task.id)
        self._open.discard(place)

    async def _attempt(self, place: FollowPlace, found: FoundFollow) -> RunFollowAttempt | None:
        """None where the run has expired, and the follow with it."""
        run = await self._parts.runs.get(place.owner, place.run_id)
        if run is None:
            await self._parts.store.commit(self._records.delete(place))
            self._open.discard(place)
            return None
        return RunFollowAttempt(self._parts, place, found, records=self._records, run=run[0])


def _is_wanted(found: FoundFollow, task: Task) -> bool:
    status = found.stored.follow.status
    is_replayed = status is FollowStatus.DEAD and found.stored.dead_task == task.id
    return status is FollowStatus.OPEN or is_replayed


__all__ = ["FOLLOWS_AT_ONCE", "FOLLOW_KIND", "OPEN_LIMIT", "RETRY", "FollowDispatcher"]
