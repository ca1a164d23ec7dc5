"""Step 6: give the originating caller what it waits for."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from agent_host.host.pipeline.exchange import Exchange, Wish, given
from agent_host.host.run.ending import is_noted
from agent_host.protocols.host_context import RunView
from agent_host.types.run_policy import DisconnectPolicy, RunPolicy


class DeliverStep:
    """Waits for the run where the caller does; a replayed request gets the run it made before."""

    def __init__(self, *, runs_of: Callable[[Exchange], RunView], policy: RunPolicy) -> None:
        self._runs_of = runs_of
        self._cancels = policy.on_disconnect is DisconnectPolicy.CANCEL

    async def __call__(self, exchange: Exchange) -> None:
        """Set `outcome`.

        Raises:
            NotFoundError: the run of a replayed request has expired.
        """
        if exchange.replay_of is not None:
            await self._replay(exchange, exchange.replay_of)
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

    async def _replay(self, exchange: Exchange, run_id: str) -> None:
        reader = self._runs_of(exchange)
        if exchange.wish is Wish.RESULT:
            async for _ in reader.events(run_id):
                pass
        found = await reader.get(run_id)
        exchange.outcome = replace(found, replayed=True, is_elsewhere=is_noted(found.result))


__all__ = ["DeliverStep"]
