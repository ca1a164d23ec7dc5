"""Step 1: is the turn one we can take, and have we taken it before?"""

from agent_host.context import current_isolation, current_principal
from agent_host.errors import IdempotencyConflictError, RequestError
from agent_host.host.pipeline.exchange import Exchange, Wish
from agent_host.host.record.idempotency_record import (
    Claim,
    IdempotencyRecords,
    fingerprint_of,
    scope_of,
)
from agent_host.host.run.engine import RunEngine
from agent_host.protocols.clock import IdFactory
from agent_host.types.identifier import RUN_PREFIX, RunId
from agent_host.types.request import ChannelRequest


class AcceptStep:
    """Mints the run's id and looks for the idempotency key, which is claimed once it is known whose
    it is.
    """

    def __init__(self, *, engine: RunEngine, records: IdempotencyRecords, ids: IdFactory) -> None:
        self._engine = engine
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
        _check_response_target(exchange, request)
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


def _check_response_target(exchange: Exchange, request: ChannelRequest) -> None:
    kind = request.response_target.kind
    if kind == "originating" or (kind == "none" and exchange.wish is Wish.ACCEPTANCE):
        return
    message = (
        "response_target 'none' is for background requests."
        if kind == "none"
        else f"response_target {kind!r} is not available: this host delivers to the caller only."
    )
    raise RequestError(message)


__all__ = ["AcceptStep"]
