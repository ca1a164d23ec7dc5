"""Deliveries as an operator changes them: cancelled, replayed, purged. None reads their content."""

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from agent_host.delivery.outbox import OutboxBell, delete_due, put_due
from agent_host.delivery.pacing import Pacing
from agent_host.delivery.record import (
    LETTER_STATUSES,
    DeliveryRecords,
    FoundDelivery,
    moment,
    moved,
)
from agent_host.delivery.stored_delivery import StoredDeliveries
from agent_host.errors import (
    ConflictError,
    DeliveryStateError,
    NotFoundError,
    UnreadableRecordError,
)
from agent_host.protocols.clock import Clock
from agent_host.protocols.state_store import StateStore
from agent_host.types.delivery import Delivery, DeliveryStatus
from agent_host.types.page import Page

logger = logging.getLogger(__name__)

_PAGE: Final = 100
_NEVER_ATTEMPTED: Final = "The delivery was attempted already, or is over."
_NO_LETTER: Final = "The delivery is neither dead nor unknown."


class HostDeliveryOperator:
    """The `DeliveryOperator` of one host."""

    def __init__(
        self,
        store: StateStore,
        records: DeliveryRecords,
        *,
        pacing: Pacing,
        bell: OutboxBell,
        clock: Clock,
    ) -> None:
        self._store = store
        self._records = records
        self._stored = StoredDeliveries(records)
        self._pacing = pacing
        self._bell = bell
        self._clock = clock

    async def list(
        self,
        *,
        status: DeliveryStatus | None = None,
        run_id: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Delivery]:
        """A page."""
        return await self._stored.list(status=status, run_id=run_id, cursor=cursor, limit=limit)

    async def show(self, delivery_id: str) -> Delivery:
        """One, with its attempts."""
        return await self._stored.show(delivery_id)

    async def cancel(self, delivery_id: str) -> Delivery:
        """Let it never be attempted."""
        found = await self._find(delivery_id)
        delivery = found.stored.delivery
        if delivery.status is not DeliveryStatus.SCHEDULED or delivery.attempts:
            raise DeliveryStateError(_NEVER_ATTEMPTED)
        over = moved(found.stored, DeliveryStatus.CANCELLED, over_at=self._clock.now())
        writes = [*self._records.put(over, expect=found.version), delete_due(delivery)]
        try:
            await self._store.commit(writes)
        except ConflictError as error:
            raise DeliveryStateError(_NEVER_ATTEMPTED) from error
        return over.delivery

    async def replay(self, delivery_id: str) -> Delivery:
        """Have it begin anew."""
        replayed = await self._replay(await self._letter(delivery_id))
        if replayed is None:
            raise DeliveryStateError(_NO_LETTER)
        self._bell.ring()
        return replayed

    async def replay_all(
        self, *, status: DeliveryStatus | None = None, channel: str | None = None
    ) -> int:
        """Replay those that are dead or unknown now; how many."""
        count = 0
        async for found in self._letters(status, channel):
            count += await self._replay(found) is not None
        self._bell.ring()
        return count

    async def purge(self, delivery_id: str) -> None:
        """Forget one that is dead or unknown."""
        if not await self._purge(await self._letter(delivery_id)):
            raise DeliveryStateError(_NO_LETTER)

    async def purge_all(
        self, *, status: DeliveryStatus | None = None, channel: str | None = None
    ) -> int:
        """Forget those that are dead or unknown now; how many."""
        count = 0
        async for found in self._letters(status, channel):
            count += await self._purge(found)
        return count

    async def _replay(self, found: FoundDelivery) -> Delivery | None:
        """The delivery as it is scheduled again; None if somebody else was faster."""
        before = found.stored.delivery
        due_at = self._clock.now() + self._pacing.delays(before.owner, 1)[0]
        again = moved(found.stored, DeliveryStatus.SCHEDULED, due_at=due_at)
        again = replace(
            again,
            delivery=replace(again.delivery, replays=before.replays + 1),
            since=due_at,
            failures=0,
            failing_since=None,
            is_loose=False,
        )
        writes = [
            *self._records.put(again, expect=found.version),
            self._records.leave_letters(before),
            put_due(again),
        ]
        try:
            await self._store.commit(writes)
        except ConflictError:
            return None
        return again.delivery

    async def _purge(self, found: FoundDelivery) -> bool:
        try:
            await self._store.commit(self._records.forget(found))
        except ConflictError:
            return False
        return True

    async def _find(self, delivery_id: str) -> FoundDelivery:
        found = await self._records.find(delivery_id)
        if found is None:
            raise NotFoundError("delivery")
        return found

    async def _letter(self, delivery_id: str) -> FoundDelivery:
        found = await self._find(delivery_id)
        if found.stored.status not in LETTER_STATUSES:
            raise DeliveryStateError(_NO_LETTER)
        return found

    async def _letters(
        self, status: DeliveryStatus | None, channel: str | None
    ) -> AsyncIterator[FoundDelivery]:
        """Those that are there now, which may be taken out of the list meanwhile."""
        last = moment(self._clock.now())
        after: str | None = None
        while page := await self._records.letters(after=after, limit=_PAGE):
            for entry in page:
                if entry.key.id[: len(last)] > last:
                    return
                found = await self._readable(entry.value.decode(errors="replace"))
                if found is None or found.stored.status not in LETTER_STATUSES:
                    continue
                is_of = channel in (None, found.stored.delivery.destination.channel)
                if is_of and status in (None, found.stored.status):
                    yield found
            after = page[-1].key.id

    async def _readable(self, delivery_id: str) -> FoundDelivery | None:
        try:
            return await self._records.find(delivery_id)
        except UnreadableRecordError as error:
            # The others must still be replayed.
            logger.error("delivery %s is left alone: %s", delivery_id, error)  # noqa: TRY400
            return None


__all__ = ["HostDeliveryOperator"]
