"""The card for callers that proved who they are (specification, section 3.1.11)."""

from starlette.requests import Request

from agent_host.protocols.host_context import HostContext
from agent_host.types import Caller
from agent_host_a2a.card import CardMaker
from agent_host_a2a.card_endpoint import public_base
from agent_host_a2a.config import A2AConfig
from agent_host_a2a.fault import Fault, FaultError
from agent_host_a2a.part import Fields
from agent_host_a2a.schema import VERSION_0_3


class ExtendedCard:
    """The public card and the further skills of the config."""

    def __init__(self, context: HostContext, config: A2AConfig, maker: CardMaker) -> None:
        self._context = context
        self._config = config
        self._maker = maker
        self._caller = Caller(channel=config.name, operation="get_extended_card")

    async def at(self, request: Request, version: str) -> Fields:
        """The card for clients that reach the host where this one did.

        Raises:
            FaultError: there is none.
        """
        await self._context.runs(self._caller)
        if self._config.extended_skills is None:
            raise FaultError(Fault.UNSUPPORTED, "This agent has no extended card.")
        base_url = public_base(request, self._config)
        if version == VERSION_0_3:
            return self._maker.card_0_3(base_url, extended=True)
        return self._maker.card(base_url, extended=True)


__all__ = ["ExtendedCard"]
