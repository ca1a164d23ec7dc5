"""The seam to whoever decides who may talk to the agent."""

from typing import Protocol

from agent_host.types.decision import Decision
from agent_host.types.identifier import IsolationKey
from agent_host.types.principal import Principal
from agent_host.types.request import Caller


class Authorizer(Protocol):
    """Decides, and writes nothing. Called for every operation of every channel."""

    async def authorize(
        self, caller: Caller, *, principal: Principal, isolation_key: IsolationKey
    ) -> Decision:
        """Allowed, a link first, or denied. An exception counts as denied."""
        ...


__all__ = ["Authorizer"]
