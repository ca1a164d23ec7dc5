"""Who may use a session next, in this process and, by the store's lease, in all of them.

A line exists only while somebody stands in it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from agent_host.errors import LeaseLostError, QueueFullError, SessionBusyError, StoreError
from agent_host.host.record.session_record import session_key
from agent_host.protocols.clock import Clock
from agent_host.protocols.state_store import StateStore
from agent_host.types.identifier import RunId
from agent_host.types.message import Message
from agent_host.types.session import ConcurrencyPolicy, Session, SessionPolicy
from agent_host.types.store import Key, Lease

logger = logging.getLogger(__name__)

LEASE_TIME = timedelta(seconds=30)
RETRY_AFTER = timedelta(seconds=2)


class Occupant(Protocol):
    """What stands in a place: a run."""

    def interrupt(self) -> None:
        """Another turn takes over; stop."""
        ...

    def steer(self, messages: Sequence[Message], on_taken: Callable[[], None]) -> None:
        """Offer messages; `on_taken` is called when the target reads them."""
        ...

    def lose_lease(self) -> None:
        """The session belongs to somebody else now; stop."""
        ...


class Place:
    """A place in a session's line. At the front it holds the session's lease.

    It is `parked` while its run is queued for the background, and `begun` once the runner has begun
    with the run.
    """

    __slots__ = (
        "_called_off",
        "_front",
        "_gate",
        "_regaining",
        "begun",
        "lease",
        "line",
        "occupant",
        "parked",
        "run_id",
        "since",
    )

    def __init__(
        self, gate: "SessionGate", line: "_Line", run_id: RunId, since: datetime | None = None
    ) -> None:
        self._gate = gate
        self.line = line
        self.since = since
        self._front: asyncio.Future[None] | None = None
        self._called_off = False
        self._regaining: asyncio.Lock | None = None
        self.run_id = run_id
        self.parked = False
        self.begun = False
        self.lease: Lease | None = None
        self.occupant: Occupant | None = None

    @property
    def is_held(self) -> bool:
        """Whether the session is ours now."""
        return self.lease is not None

    async def wait(self) -> bool:
        """Return when the session is ours; False if the wait was called off instead."""
        if self.line.current is not self and not self._called_off:
            self._front = asyncio.get_running_loop().create_future()
            await self._front
        while self.lease is None and not self._called_off:
            self.lease = await self._gate.acquire(self.line.key, self.run_id, wait=LEASE_TIME)
        return not self._called_off

    def begin(self) -> None:
        """The runner has begun with the run. It does not wait for one that the runner has not begun
        with: that one may be waiting for the room which this one takes.
        """
        self.parked = False
        self.begun = True
        self._gate.overtake(self)

    def call_off(self) -> None:
        """End the wait without the session."""
        self._called_off = True
        self.come_to_front()

    async def regain(self, lost: Lease) -> bool:
        """Whether the session is ours again, or still, after this lease of it was lost: a process
        that was stopped for a while loses its leases, though nobody else wants them.
        """
        if self._regaining is None:
            self._regaining = asyncio.Lock()
        async with self._regaining:
            if self.lease is not lost:
                return self.lease is not None
            found = await self._gate.acquire_again(self.line.key, self.run_id, lost)
            if self.lease is lost:
                self.lease = found or lost
            elif found is not None:  # the place was left meanwhile
                await self._gate.release(found)
                return False
            return found is not None

    async def leave(self) -> None:
        """Give the place back, wherever it stands; the next one moves up. Safe to repeat."""
        lease, self.lease = self.lease, None
        self.occupant = None
        try:
            if lease is not None:
                await self._gate.release(lease)
        finally:
            self._gate.advance(self.line, self)

    def come_to_front(self) -> None:
        """Wake the wait: the one before has left."""
        if self._front is not None and not self._front.done():
            self._front.set_result(None)


class _Line:
    __slots__ = ("current", "key", "waiting")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.current: Place | None = None
        self.waiting: deque[Place] = deque()


class SessionGate:
    """Hands out places by the session policy. `renew_leases` must run while it is used."""

    def __init__(self, store: StateStore, policy: SessionPolicy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock
        self._lines: dict[Key, _Line] = {}

    async def enter(
        self, session: Session, run_id: RunId, *, returning: datetime | None = None
    ) -> Place | None:
        """A place in the session's line; at the front if nobody is before. A run that is
        `returning`, from a question or from an earlier process, was let in at that time, whatever
        the policy: it goes before those who came later. None if the policy is `concurrent`: then
        there is no line.

        Raises:
            SessionBusyError: the policy is `reject` and the session has a turn.
            QueueFullError: `queue_limit` turns wait already.
        """
        if self._policy.concurrency is ConcurrencyPolicy.CONCURRENT:
            return None
        key = session_key(session.owner, session.id)
        line = self._lines.get(key)
        if line is not None:
            if returning is None:
                return self._line_up(line, run_id)
            return _return(Place(self, line, run_id, returning))
        line = self._lines[key] = _Line(key)
        place = line.current = Place(self, line, run_id)
        try:
            place.lease = await self.acquire(key, run_id, wait=timedelta())
        except BaseException:
            self.advance(line, place)
            raise
        rejects = self._policy.concurrency is ConcurrencyPolicy.REJECT
        if place.lease is None and rejects and returning is None:
            self.advance(line, place)
            raise _busy()
        return place

    def occupants_before(self, place: Place) -> Sequence[Occupant]:
        """Who is in the same line before this place, the one at the front first."""
        line = self._lines.get(place.line.key)
        if line is None or line.current is None or line.current is place:
            return ()
        before = [line.current]
        for waiting in line.waiting:
            if waiting is place:
                break
            before.append(waiting)
        return [found.occupant for found in before if found.occupant is not None]

    async def acquire(self, key: Key, run_id: RunId, *, wait: timedelta) -> Lease | None:
        """The session's lease, for a place at the front."""
        return await self._store.acquire(key, holder=run_id, time_to_live=LEASE_TIME, wait=wait)

    async def acquire_again(self, key: Key, run_id: RunId, lost: Lease) -> Lease | None:
        """The session's lease, unless somebody else has it or may have had it since it was lost.

        Fences of a name grow with each holder, so there was none between two that follow each
        other. A store that is ours alone needs no proof: here only who is at the front asks.
        """
        lease = await self.acquire(key, run_id, wait=timedelta())
        if lease is None or not self._store.shared or lease.fence == lost.fence + 1:
            return lease
        await self.release(lease)
        return None

    async def release(self, lease: Lease) -> None:
        """Give the lease back."""
        await self._store.release(lease)

    def advance(self, line: _Line, leaving: Place) -> None:
        """Take a place out of its line and let the next one come to the front."""
        if line.current is not leaving:
            if leaving in line.waiting:
                line.waiting.remove(leaving)
            return
        if line.waiting:
            line.current = following = _next(line.waiting)
            line.waiting.remove(following)
            following.come_to_front()
        else:
            line.current = None
            self._lines.pop(line.key, None)

    def overtake(self, place: Place) -> None:
        """Let it have the front, if that is kept for a run that nobody has begun with."""
        line, front = place.line, place.line.current
        if front is None or front is place or not front.parked or place not in line.waiting:
            return
        line.waiting.remove(place)
        line.waiting.appendleft(front)
        line.current = place
        place.lease, front.lease = front.lease, None

    async def renew_leases(self) -> None:
        """Keep every held lease alive, for ever; run it as a task beside the engine. What the store
        refuses for the moment is asked again the next time, while the lease still lasts.
        """
        while True:
            await self._clock.sleep(LEASE_TIME.total_seconds() / 3)
            for line in list(self._lines.values()):
                place = line.current
                if place is not None and place.lease is not None:
                    await self._renew(place, place.lease)

    async def _renew(self, place: Place, lease: Lease) -> None:
        try:
            await self._store.renew(lease, time_to_live=LEASE_TIME)
        except LeaseLostError:
            await self._mind_lost(place, lease)
        except StoreError as error:
            logger.warning("run %s: its lease is renewed later: %s", place.run_id, error.code)

    async def _mind_lost(self, place: Place, lease: Lease) -> None:
        if place.lease is not lease:
            return  # it was given back meanwhile
        if place.occupant is None:
            place.lease = None  # nothing has been done under it: it is acquired anew
        elif not await place.regain(lease) and place.lease is lease:
            place.occupant.lose_lease()

    def _line_up(self, line: _Line, run_id: RunId) -> Place:
        if self._policy.concurrency is ConcurrencyPolicy.REJECT:
            raise _busy()
        if len(line.waiting) >= self._policy.queue_limit:
            message = (
                f"{len(line.waiting)} turns wait for this session already "
                f"(session.queue_limit is {self._policy.queue_limit})."
            )
            raise QueueFullError(message, RETRY_AFTER)
        place = Place(self, line, run_id, self._clock.now())
        line.waiting.append(place)
        return place


class FencedWrite(Protocol):
    """Writes something that counts only while the fence is held."""

    def __call__(self, *, fence: Lease | None) -> Awaitable[None]:
        """Do it."""
        ...


async def under_lease(place: Place | None, write: FencedWrite) -> None:
    """Have it written under the place's lease; once more, if that was lost and is ours again.

    Raises:
        LeaseLostError: the session is somebody else's, or may have been.
    """
    lease = None if place is None else place.lease
    try:
        await write(fence=lease)
    except LeaseLostError:
        if place is None or lease is None or not await place.regain(lease):
            raise
        await write(fence=place.lease)


def _return(place: Place) -> Place:
    waiting, since = place.line.waiting, place.since
    for position, later in enumerate(waiting):
        if since is not None and later.since is not None and later.since > since:
            waiting.insert(position, place)
            return place
    waiting.append(place)
    return place


def _next(waiting: deque[Place]) -> Place:
    """The first, unless that is of a run nobody has begun with while another's has begun."""
    if not waiting[0].parked:
        return waiting[0]
    return next((place for place in waiting if place.begun), waiting[0])


def _busy() -> SessionBusyError:
    return SessionBusyError("This session is busy with another turn.")


__all__ = ["FencedWrite", "Occupant", "Place", "SessionGate", "under_lease"]
