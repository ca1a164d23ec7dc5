"""The steps in their order. Every call of every channel comes through here, and all of it."""

from collections.abc import Sequence

from agent_host.errors import ConflictError
from agent_host.host.pipeline.accept import AcceptStep
from agent_host.host.pipeline.authorize import AuthorizeStep
from agent_host.host.pipeline.claim import ClaimStep
from agent_host.host.pipeline.deliver import DeliverStep
from agent_host.host.pipeline.exchange import CallStep, Exchange, TurnStep, Wish
from agent_host.host.pipeline.greet import GreetStep
from agent_host.host.pipeline.identify import IdentifyStep
from agent_host.host.pipeline.reserved import without_reserved_metadata
from agent_host.host.pipeline.run import RunStep
from agent_host.host.pipeline.session import SessionStep
from agent_host.types.quick_init import maker
from agent_host.types.request import Caller, ChannelRequest

TRIES = 5


class Pipeline:
    """Takes the steps by name, so that none can be left out."""

    def __init__(
        self,
        *,
        accept: AcceptStep,
        identify: IdentifyStep,
        authorize: AuthorizeStep,
        greet: GreetStep,
        claim: ClaimStep,
        session: SessionStep,
        run: RunStep,
        deliver: DeliverStep,
    ) -> None:
        self._accept: TurnStep = accept
        self._identify: CallStep = identify
        self._access: Sequence[CallStep] = (identify, authorize, greet)
        self._claim: CallStep = claim
        self._turn: Sequence[TurnStep] = (session, run)
        self._deliver: TurnStep = deliver

    async def enter(self, caller: Caller) -> Exchange:
        """Identify and authorize a caller that brings no turn: all that is known of them then."""
        exchange = Exchange(caller=caller)
        for step in self._access:
            await step(exchange)
        return exchange

    async def identify(self, caller: Caller) -> Exchange:
        """Who they are, whether or not they may come in: for those who must link before they may.
        Nothing of anybody is shown to them for it.
        """
        exchange = Exchange(caller=caller)
        await self._identify(exchange)
        return exchange

    async def take(self, request: ChannelRequest, wish: Wish) -> Exchange:
        """Take a turn through all the steps. A turn that lost a race for its idempotency key or
        its session begins again and finds what the winner left.
        """
        request = without_reserved_metadata(request)
        for tries_left in range(TRIES - 1, -1, -1):
            exchange = _make_exchange(caller=request.caller, wish=wish)
            try:
                await self._accept(exchange, request)
                for access_step in self._access:
                    await access_step(exchange)
                await self._claim(exchange)
                for turn_step in self._turn:
                    await turn_step(exchange, request)
            except ConflictError:
                if not tries_left:
                    raise
                continue
            finally:
                if exchange.place is not None:
                    await exchange.place.leave()
            await self._deliver(exchange, request)
            return exchange
        raise AssertionError


_make_exchange = maker(Exchange)

__all__ = ["Pipeline"]
