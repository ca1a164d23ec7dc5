"""What is kept of deliveries to somebody, for their export and erasure.

Every delivery that is kept is looked at: there is no list by person, as every answer would pay for
it. Looked for on every host: what an earlier configuration left is theirs as well.
"""

from collections.abc import AsyncIterator, Sequence

from agent_host.delivery.endpoint_log import listed_key
from agent_host.delivery.outbox import due_key
from agent_host.delivery.record import (
    CONTENT,
    DELIVERIES,
    OF_RUN,
    WHOLE,
    DeliveryRecords,
    letter_key,
    read_delivery,
)
from agent_host.errors import UnreadableRecordError
from agent_host.protocols.state_store import StateStore
from agent_host.types.delivery import Delivery
from agent_host.types.identity import KnownIdentity
from agent_host.types.personal import Holding
from agent_host.types.principal import Owner
from agent_host.types.store import Key

_PAGE = 200


class KeptDeliveries:
    """A `PersonalPart`. What is held of somebody is not kept in the memory of `records` besides."""

    def __init__(self, store: StateStore, records: DeliveryRecords) -> None:
        self._store = store
        self._records = records

    async def holdings(
        self, person: Owner, identities: Sequence[KnownIdentity]
    ) -> AsyncIterator[Holding]:
        """Theirs, and those that went to one of their identities, each behind what it leads to."""
        theirs = {known.identity for known in identities}
        keys = {person.isolation_key, *(known.natural_key for known in identities)}
        after: str | None = None
        while page := await self._store.scan(DELIVERIES, WHOLE, after=after, limit=_PAGE):
            after = page[-1].key.id
            for record in page:
                try:
                    stored = read_delivery(record).stored
                except UnreadableRecordError:
                    continue  # an operator is shown it as one that says nothing
                delivery = stored.delivery
                is_owned = (
                    delivery.owner.tenant == person.tenant and delivery.owner.isolation_key in keys
                )
                if is_owned or delivery.destination.identity in theirs:
                    self._records.forget_recent(delivery.id)
                    for key in _keys(delivery):
                        comes = stored.content is not None and key.collection == CONTENT
                        # What is in the record now is beside it once the attempt has failed.
                        if comes or await self._store.get(key) is not None:
                            yield Holding(key)
                    yield Holding(record.key)


def _keys(delivery: Delivery) -> Sequence[Key]:
    listed = () if delivery.run_id is None else (Key(OF_RUN, delivery.run_id, delivery.id),)
    return (
        Key(CONTENT, WHOLE, delivery.id),
        letter_key(delivery),
        due_key(delivery),
        listed_key(delivery),
        *listed,
    )


__all__ = ["KeptDeliveries"]
