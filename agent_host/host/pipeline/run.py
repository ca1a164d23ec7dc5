"""Step 5: store the run and set it going."""

from dataclasses import replace
from functools import partial

from agent_host.context import current_caller_token
from agent_host.host.file.keeper import FileKeeper
from agent_host.host.file.part import carries_files
from agent_host.host.pipeline.exchange import Exchange, Wish, given
from agent_host.host.record.request_record import StoredRequest
from agent_host.host.run.background import BackgroundRuns
from agent_host.host.run.engine import PreparedRun, RunEngine
from agent_host.host.run.execution import Execution
from agent_host.host.run.forwarding import goes_elsewhere
from agent_host.host.run.turn_maker import TurnMaker
from agent_host.host.session.gate import SessionGate
from agent_host.protocols.delivery import DeliveryPlanner
from agent_host.types.quick_init import maker
from agent_host.types.request import ChannelRequest
from agent_host.types.run import HostedResult
from agent_host.types.session import ConcurrencyPolicy, SessionPolicy
from agent_host.types.target import TargetCapabilities
from agent_host.types.turn import Turn


class RunStep:
    """Hands the turn to the engine, or to the runner for the background."""

    def __init__(
        self,
        *,
        engine: RunEngine,
        background: BackgroundRuns,
        turns: TurnMaker,
        gate: SessionGate,
        files: FileKeeper,
        deliveries: DeliveryPlanner,
        policy: SessionPolicy,
        capabilities: TargetCapabilities,
    ) -> None:
        self._engine = engine
        self._deliveries = deliveries
        self._background = background
        self._turns = turns
        self._gate = gate
        self._files = files
        self._concurrency = policy.concurrency
        self._steers = capabilities.steers

    async def __call__(self, exchange: Exchange, request: ChannelRequest) -> None:
        """Set `execution`, or `outcome` where there is nothing to execute here.

        Raises:
            InvalidInputError: the app's `run_hook` found the input wrong.
            ConflictError: somebody else claimed the idempotency key or changed the session.
        """
        if exchange.replay_of is not None:
            return
        if carries_files(request.input):
            request = await self._files.keep_request(
                given(exchange.owner), request, must=exchange.wish is Wish.ACCEPTANCE
            )
        stored = _make_stored(
            run_id=given(exchange.run_id),
            owner=given(exchange.owner),
            principal=given(exchange.principal),
            request=request,
            isolation=exchange.isolation,
        )
        turn = await self._turns.make(
            stored, session=exchange.session, is_new=exchange.session_is_new
        )
        is_left = exchange.wish is Wish.ACCEPTANCE
        if goes_elsewhere(turn.route.target or request.response_target):
            stored = await self._divert(exchange, stored, turn)
            is_left = True
        prepared = _make_prepared(
            stored=stored,
            turn=turn,
            session=exchange.session,
            place=exchange.place,
            writes=exchange.writes,
            store_first=exchange.claims or exchange.wish is not Wish.RESULT,
            caller_token=current_caller_token.get(),
        )
        if is_left:
            run = await self._background.start(prepared)
            exchange.outcome = HostedResult(
                run=run, is_elsewhere=exchange.wish is not Wish.ACCEPTANCE
            )
        else:
            exchange.execution = await self._engine.start(prepared)
        self._mind_the_turn_before(exchange, request)
        exchange.place = None

    async def _divert(self, exchange: Exchange, stored: StoredRequest, turn: Turn) -> StoredRequest:
        """Whoever waits is told where the run is; the run itself is durable, as its answer must
        arrive.
        """
        target = turn.route.target or stored.request.response_target
        self._deliveries.check(target)
        request = replace(stored.request, response_target=target, background=True)
        if exchange.wish is not Wish.ACCEPTANCE and carries_files(request.input):
            request = await self._files.keep_request(stored.owner, request, must=True)
        return replace(stored, request=request)

    def _mind_the_turn_before(self, exchange: Exchange, request: ChannelRequest) -> None:
        if exchange.place is None or exchange.place.is_held:
            return
        before = self._gate.occupants_before(exchange.place)
        if self._concurrency is ConcurrencyPolicy.INTERRUPT:
            for occupant in before:
                occupant.interrupt()
        elif self._concurrency is ConcurrencyPolicy.STEER and self._steers and before:
            running, execution = before[0], exchange.execution
            if execution is not None and isinstance(running, Execution):
                running.steer(request.input, partial(execution.join, running))


_make_stored = maker(StoredRequest)
_make_prepared = maker(PreparedRun)

__all__ = ["RunStep"]
