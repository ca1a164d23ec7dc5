"""What was sent to one endpoint that somebody has registered: its deliveries, newest first.

A list of its own, written with the delivery, since nobody could look through all of them. An entry
says which delivery and what it was about, and nothing of what it carries.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from agent_host.delivery.place import digest_of
from agent_host.delivery.record import DeliveryRecords
from agent_host.delivery.stored_delivery import check_page
from agent_host.errors import UnreadableRecordError
from agent_host.protocols.state_store import StateStore
from agent_host.types.delivery import Delivery, SentDelivery
from agent_host.types.delivery_policy import DeliveryPolicy
from agent_host.types.page import Page
from agent_host.types.run import RunStatus
from agent_host.types.store import Key, Put, Record

OF_ENDPOINT: Final = "delivery_of_endpoint"

_LONGEST_SCHEDULE: Final = timedelta(days=4)


class EndpointLog:
    """The `DeliveryLog` of one host."""

    def __init__(
        self, store: StateStore, records: DeliveryRecords, *, policy: DeliveryPolicy
    ) -> None:
        self._store = store
        self._records = records
        # From when it was planned: an entry is there for as long as its delivery, if that arrives.
        self._kept_for = policy.retention + _LONGEST_SCHEDULE

    def put(self, delivery: Delivery, status: RunStatus) -> Put:
        """The write that lists a delivery under its endpoint."""
        return Put(listed_key(delivery), status.value.encode(), None, self._kept_for)

    async def list(
        self,
        channel: str,
        account: str,
        endpoint: str,
        *,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[SentDelivery]:
        """A page."""
        check_page(cursor, limit)
        partition = _partition(channel, account, endpoint)
        entries = await self._store.scan(
            OF_ENDPOINT, partition, after=cursor, limit=limit, newest_first=True
        )
        more = entries[-1].key.id if len(entries) == limit else None
        return Page(items=await _found(self._records, entries), next_cursor=more)


async def _found(records: DeliveryRecords, entries: Sequence[Record]) -> tuple[SentDelivery, ...]:
    sent: list[SentDelivery] = []
    for entry in entries:
        try:
            found = await records.find(entry.key.id)
            about = RunStatus(entry.value.decode())
        except (UnreadableRecordError, ValueError):
            continue  # an operator is told of it where all are listed
        if found is not None:
            sent.append(SentDelivery(delivery=found.stored.delivery, about=about))
    # Ids sort by the age of the run, which may have several.
    return tuple(sorted(sent, key=lambda one: one.delivery.created_at, reverse=True))


def listed_key(delivery: Delivery) -> Key:
    """Where a delivery is listed under its endpoint."""
    destination, identity = delivery.destination, delivery.destination.identity
    endpoint = "" if identity is None else identity.native_id
    partition = _partition(destination.channel, destination.account, endpoint)
    return Key(OF_ENDPOINT, partition, delivery.id)


def _partition(channel: str, account: str, endpoint: str) -> str:
    return digest_of("endpoint", channel, account, endpoint)


__all__ = ["OF_ENDPOINT", "EndpointLog", "listed_key"]
