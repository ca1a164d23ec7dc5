"""ContextVars that reach from the edge to the target: who is calling and which run this is."""

from contextvars import ContextVar

from agent_host.types.identifier import RunId
from agent_host.types.principal import Owner, Principal

current_principal: ContextVar[Principal | None] = ContextVar("agent_host_principal", default=None)
"""Set by the host's authentication on `caller` routes; channels read it, never set it."""

current_owner: ContextVar[Owner | None] = ContextVar("agent_host_owner", default=None)
"""Set while a target runs: whose turn it is."""

current_run_id: ContextVar[RunId | None] = ContextVar("agent_host_run_id", default=None)
"""Set while a target runs; the correlation id of whatever it logs."""

current_channel: ContextVar[str | None] = ContextVar("agent_host_channel", default=None)
"""Set while a target runs: the name of the channel that its turn came by."""

__all__ = ["current_channel", "current_owner", "current_principal", "current_run_id"]
