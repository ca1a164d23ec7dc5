"""Between steps 3 and 4, as it is known now whose the turn is: what must be noted of that."""

from agent_host.host.pipeline.exchange import Exchange, given
from agent_host.host.record.idempotency_record import IdempotencyRecords
from agent_host.host.record.partition_record import PartitionRecords


class ClaimStep:
    """Claims the idempotency key, and notes a partition that was made of a person's. Stored with
    the run.
    """

    def __init__(self, records: IdempotencyRecords, partitions: PartitionRecords) -> None:
        self._records = records
        self._partitions = partitions

    async def __call__(self, exchange: Exchange) -> None:
        """Add the writes, where there are any to be made."""
        if exchange.is_made_of_person:
            key = given(exchange.isolation_key)
            exchange.writes.append(self._partitions.put(given(exchange.person), key))
        if exchange.claim is not None:
            exchange.writes.extend(
                self._records.put(given(exchange.owner), given(exchange.run_id), exchange.claim)
            )
            exchange.claims = True


__all__ = ["ClaimStep"]
