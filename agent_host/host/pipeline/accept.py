"""Step 1: is the turn one we can take, and have we taken it before?"""

from agent_host.context import current_isolation, current_principal
from agent_host.errors import IdempotencyConflictError, RequestError
from agent_host.host.pipeline.exchange import Exchange
from agent_host.host.record.idempotency_record import (
    Claim,
    IdempotencyRecords,
    fingerprint_of,
    scope_of,
)
from agent_host.host.run.engine import RunEngine
from agent_host.protocols.clock import IdFactory
from agent_host.protocols.delivery import DeliveryPlanner
from agent_host.types.identifier import RUN_PREFIX, RunId
from agent_host.types.request import ChannelRequest


class AcceptStep:
    """Mints the run's id and looks for the idempotency key, which is claimed once it is known whose
    it is.
    """

    def __init__(
        self,
        *,
        engine: RunEngine,
        records: IdempotencyRecords,
        ids: IdFactory,
        deliveries: DeliveryPlanner,
    ) -> None:
        self._engine = engine
        self._deliveries = deliveries
        self._records = records
        self._ids = ids

    async def __call__(self, exchange: Exchange, request: ChannelRequest) -> None:
        """Refuse what cannot be taken; find the run of a repeated request.

        Raises:
            DrainingError: the host takes nothing new.
            RequestError: an empty input, or an answer that shall go where nothing can be sent.
            IdempotencyConflictError: the key was used for another request.
        """
        self._engine.check_open()
        if not request.input:
            message = "The input is empty: send at least one message."
            raise RequestError(message)
        if request.response_target.kind != "originating":
            self._deliveries.check(request.response_target)
        exchange.run_id = RunId(self._ids.new(RUN_PREFIX))
        if request.idempotency_key is None:
            return
        scope = scope_of(request.caller, current_principal.get(), current_isolation.get())
        fingerprint = fingerprint_of(request)
        known = await self._records.get(scope, request.idempotency_key)
        if known is None:
            exchange.claim = Claim(scope, request.idempotency_key, fingerprint)
        elif known.fingerprint == fingerprint:
            exchange.replay_of = known.run_id
        else:
            message = "This idempotency key was used for another request; use a new key."
            raise IdempotencyConflictError(message)


__all__ = ["AcceptStep"]
