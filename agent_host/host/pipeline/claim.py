"""Between steps 3 and 4, as it is known now whose the turn is: claim its idempotency key."""

from agent_host.host.pipeline.exchange import Exchange, given
from agent_host.host.record.idempotency_record import IdempotencyRecords


class ClaimStep:
    """The claim is stored with the run."""

    def __init__(self, records: IdempotencyRecords) -> None:
        self._records = records

    async def __call__(self, exchange: Exchange) -> None:
        """Add the writes, if there is a key that was not used before."""
        if exchange.claim is not None:
            exchange.writes.extend(
                self._records.put(given(exchange.owner), given(exchange.run_id), exchange.claim)
            )
            exchange.claims = True


__all__ = ["ClaimStep"]
