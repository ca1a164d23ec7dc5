"""One run's journal while this process executes the run: append first, then show.

An event is visible only once the store has it, so whoever saw event n finds it again after a crash.
A bounded tail of decoded entries serves followers here; older ones are read from the store.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime

from agent_host.errors import FailureCode, TargetError
from agent_host.host.record.journal_record import JournalRecords
from agent_host.protocols.state_store import StateStore
from agent_host.types.event import JournalEntry, RunEvent
from agent_host.types.identifier import RunId
from agent_host.types.principal import Owner
from agent_host.types.quick_init import maker
from agent_host.types.store import Lease, Write

TAIL_LIMIT = 256


class LiveJournal:
    """Gives events their sequence numbers. Only the run's ledger writes here."""

    __slots__ = (
        "_held",
        "_next",
        "_owner",
        "_records",
        "_run_id",
        "_store",
        "_tail",
        "_waiters",
        "length",
    )

    def __init__(
        self,
        *,
        store: StateStore,
        records: JournalRecords,
        owner: Owner,
        run_id: RunId,
    ) -> None:
        self._store = store
        self._records = records
        self._owner = owner
        self._run_id = run_id
        self._tail: deque[JournalEntry] = deque(maxlen=TAIL_LIMIT)
        self._waiters: list[asyncio.Future[None]] = []
        self._held: list[tuple[JournalEntry, bytes]] = []
        self._next = 0
        self.length = 0

    def hold(self, event: RunEvent, *, at: datetime) -> int:
        """Number the event and keep it for the next commit; its size in bytes.

        Raises:
            TargetError: the event holds something that is not JSON.
        """
        entry = _make_entry(sequence=self._next, at=at, event=event)
        try:
            encoded = self._records.encode(entry)
        except (TypeError, ValueError) as error:
            message = "The agent gave an answer that cannot be sent."
            raise TargetError(message, code=FailureCode.TARGET_PROTOCOL) from error
        self._held.append((entry, encoded))
        self._next += 1
        return len(encoded)

    @property
    def holds(self) -> bool:
        """Whether anything waits for a commit."""
        return bool(self._held)

    async def commit(
        self,
        alongside: Sequence[Write] = (),
        *,
        event: RunEvent | None = None,
        at: datetime,
        fence: Lease | None = None,
        last: bool = False,
    ) -> tuple[int, ...]:
        """Store what is held, `event` (of the time `at`) behind it, and `alongside` in one commit,
        then show them. One commit at a time. If it fails, what was held is held still, without
        `event`.

        Returns what `alongside` led to.
        """
        before = len(self._held)
        if event is not None:
            self.hold(event, at=at)
        taken, self._held = self._held, []
        write = self._records.append(
            self._owner, self._run_id, [one[1] for one in taken], expect=self.length, last=last
        )
        try:
            outcome = await self._store.commit((*alongside, write), fence=fence)
        except BaseException:
            self._held = [*taken[:before], *self._held]
            self._next = self.length + len(self._held)
            raise
        self.length += len(taken)
        self._tail.extend([one[0] for one in taken])
        if self._waiters:
            self._wake()
        return outcome[:-1]

    def continue_behind(self, length: int) -> None:
        """The store has entries already."""
        self.length = self._next = length

    async def find_out(self) -> None:
        """How much is stored, after a commit that was broken off."""
        length = await self._records.length(self._owner, self._run_id)
        stored = length - self.length
        if stored > 0:
            # The last of them may not be held here any more, so readers turn to the store.
            self._held = self._held[stored:]
            self._tail.clear()
            self.length = length
            self._wake()
        self._next = self.length + len(self._held)

    def since(self, position: int) -> Sequence[JournalEntry] | None:
        """Entries from `position` on, none if there are no more yet, None if they left the tail."""
        behind = self.length - position
        if behind <= 0:
            return ()
        if behind > len(self._tail):
            return None
        if behind == 1:
            return (self._tail[-1],)
        return list(self._tail)[-behind:]

    async def changed(self) -> None:
        """Return when an entry is added, or the run leaves this process."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def close(self) -> None:
        """Wake every follower: the run is not executed here any more."""
        self._wake()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


_make_entry = maker(JournalEntry)

__all__ = ["LiveJournal"]
