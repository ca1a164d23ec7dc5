"""Step 6: give the originating caller what it waits for."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from agent_host.host.pipeline.exchange import Exchange, Wish, given
from agent_host.host.run.ending import is_noted
from agent_host.protocols.host_context import RunView
from agent_host.types.request import ChannelRequest
from agent_host.types.run_policy import DisconnectPolicy, RunPolicy


class DeliverStep:
    """Waits for the run where the caller does; a replayed request gets the run it made before."""

    def __init__(self, *, runs_of: Callable[[Exchange], RunView], policy: RunPolicy) -> None:
        self._runs_of = runs_of
        self._cancels = policy.on_disconnect is DisconnectPolicy.CANCEL

    async def __call__(self, exchange: Exchange, request: ChannelRequest) -> None:
        """Set `outcome`.

        Raises:
            NotFoundError: the run of a replayed request has expired.
        """
        if exchange.replay_of is not None:
            await self._replay(exchange, request, exchange.replay_of)
        elif exchange.execution is not None:
            if exchange.wish is Wish.RESULT:
                await self._wait(exchange)
            exchange.outcome = exchange.execution.ledger.outcome

    async def _wait(self, exchange: Exchange) -> None:
        execution = given(exchange.execution)
        try:
            await execution.ledger.settled.wait()
        except asyncio.CancelledError:
            if self._cancels:
                execution.disconnect()
            raise

    async def _replay(self, exchange: Exchange, request: ChannelRequest, run_id: str) -> None:
        reader = self._runs_of(exchange)
        found = await reader.get(run_id)
        # The same was asked for, and the run is in the background all the same: its answer went
        # elsewhere, and nobody waited for it.
        is_left = found.run.background and not request.background
        if exchange.wish is Wish.RESULT and not is_left:
            async for _ in reader.events(run_id):
                pass
            found = await reader.get(run_id)
        elsewhere = is_left or is_noted(found.result)
        exchange.outcome = replace(found, replayed=True, is_elsewhere=elsewhere)


__all__ = ["DeliverStep"]
