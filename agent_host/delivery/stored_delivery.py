"""Deliveries as they are stored, for operators: of a host, or of the store that one left. Reads
only, and never what they carry.
"""

import logging
from collections.abc import Sequence
from typing import Final

from agent_host.delivery.record import DeliveryRecords, read_delivery
from agent_host.errors import NotFoundError, RequestError, UnreadableRecordError
from agent_host.types.delivery import Delivery, DeliveryStatus
from agent_host.types.identifier import DELIVERY_PREFIX, DeliveryId
from agent_host.types.page import OPERATOR_PAGE_LIMIT, Page
from agent_host.types.store import Record

logger = logging.getLogger(__name__)

LOOKED_AT: Final = 1000
"""Deliveries that one page looks at, at most, in search of a status."""


class StoredDeliveries:
    """Lists and shows."""

    def __init__(self, records: DeliveryRecords) -> None:
        self._records = records

    async def list(
        self,
        *,
        status: DeliveryStatus | None = None,
        run_id: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Delivery]:
        """A page."""
        check_page(cursor, limit)
        shown: list[Delivery] = []
        looked_at = 0
        while looked_at < LOOKED_AT:
            page = await self._page(run_id, cursor, limit)
            for delivery_id, delivery in page:
                cursor = delivery_id
                if delivery is not None and status in (None, delivery.status):
                    shown.append(delivery)
                    if len(shown) == limit:
                        return Page(items=tuple(shown), next_cursor=cursor)
            looked_at += len(page)
            if len(page) < limit:
                return Page(items=tuple(shown))
        return Page(items=tuple(shown), next_cursor=cursor)

    async def show(self, delivery_id: str) -> Delivery:
        """One.

        Raises:
            NotFoundError: there is no such delivery.
        """
        found = await self._records.find(delivery_id)
        if found is None:
            raise NotFoundError("delivery")
        return found.stored.delivery

    async def _page(
        self, run_id: str | None, cursor: str | None, limit: int
    ) -> Sequence[tuple[str, Delivery | None]]:
        if run_id is None:
            records = await self._records.page(after=cursor, limit=limit)
            return [(record.key.id, _readable(record)) for record in records]
        ids = await self._records.ids_of_run(run_id, after=cursor, limit=limit)
        return [(delivery_id, await self._readable_by_id(delivery_id)) for delivery_id in ids]

    async def _readable_by_id(self, delivery_id: DeliveryId) -> Delivery | None:
        try:
            found = await self._records.find(delivery_id)
        except UnreadableRecordError as error:
            logger.error("delivery %s cannot be shown: %s", delivery_id, error)  # noqa: TRY400
            return None
        return None if found is None else found.stored.delivery


def check_page(cursor: str | None, limit: int) -> None:
    """Refuse what no page of deliveries is asked for with.

    Raises:
        RequestError: the limit is out of bounds, or the cursor is none of ours.
    """
    if not 1 <= limit <= OPERATOR_PAGE_LIMIT:
        raise RequestError(f"limit is a number from 1 to {OPERATOR_PAGE_LIMIT}.")
    if cursor is not None and not cursor.startswith(DELIVERY_PREFIX):
        raise RequestError("The cursor is not one that this host gave out.")


def _readable(record: Record) -> Delivery | None:
    try:
        return read_delivery(record).stored.delivery
    except UnreadableRecordError as error:
        # The others must still be listed.
        logger.error("delivery %s cannot be listed: %s", record.key.id, error)  # noqa: TRY400
        return None


__all__ = ["LOOKED_AT", "StoredDeliveries", "check_page"]
