"""Erasures as they are stored: whom they are about while they go on, then only the receipt."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from agent_host.codec import VersionedCodec
from agent_host.errors import UnreadableRecordError
from agent_host.protocols.state_store import StateStore
from agent_host.types.page import Page
from agent_host.types.personal import ErasureReceipt
from agent_host.types.principal import Owner
from agent_host.types.store import Delete, Key, Put

ERASURE_PREFIX: Final = "era_"
RECEIPT_TIME: Final = timedelta(days=400)
"""More than a year, so that last year's can be shown."""

_PENDING: Final = "erasure_pending"
_RECEIPT: Final = "erasure"
_WHOLE: Final = "all"
_PAGE: Final = 100

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingErasure:
    """One that goes on, or was broken off by a crash. `erased` counts what is gone already.
    `person` is None once everything is, and only the store's files have to be written anew.
    """

    id: str
    person: Owner | None
    started_at: datetime
    erased: Mapping[str, int] = field(default_factory=dict[str, int])


PENDING_CODEC: Final = VersionedCodec("erasure_pending", 1, PendingErasure)
RECEIPT_CODEC: Final = VersionedCodec("erasure", 1, ErasureReceipt)


class ErasureRecords:
    """Reads and builds them."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    @staticmethod
    def place(erasure_id: str) -> Key:
        """Where one that goes on is; its lease has the same name."""
        return Key(_PENDING, _WHOLE, erasure_id)

    def put(self, pending: PendingErasure) -> Put:
        """The write that says how far it is."""
        return Put(self.place(pending.id), PENDING_CODEC.encode(pending))

    def finish(self, receipt: ErasureReceipt) -> tuple[Delete, Put]:
        """The writes that forget who it was about and keep the receipt."""
        kept = Put(
            Key(_RECEIPT, _WHOLE, receipt.id), RECEIPT_CODEC.encode(receipt), None, RECEIPT_TIME
        )
        return Delete(self.place(receipt.id)), kept

    async def pending(self) -> list[PendingErasure]:
        """Those that are not over, the oldest first."""
        found: list[PendingErasure] = []
        after: str | None = None
        while page := await self._store.scan(_PENDING, _WHOLE, after=after, limit=_PAGE):
            after = page[-1].key.id
            for record in page:
                try:
                    found.append(PENDING_CODEC.decode(record.value))
                except UnreadableRecordError as error:
                    logger.error("erasure %s cannot go on: %s", record.key.id, error)  # noqa: TRY400
        return found

    async def receipts(self, *, cursor: str | None, limit: int) -> Page[ErasureReceipt]:
        """Of those that are over, newest first."""
        records = await self._store.scan(
            _RECEIPT, _WHOLE, after=cursor, limit=limit + 1, newest_first=True
        )
        shown = records[:limit]
        return Page(
            items=tuple(RECEIPT_CODEC.decode(record.value) for record in shown),
            next_cursor=shown[-1].key.id if len(records) > limit else None,
        )


__all__ = ["ERASURE_PREFIX", "PENDING_CODEC", "RECEIPT_TIME", "ErasureRecords", "PendingErasure"]
