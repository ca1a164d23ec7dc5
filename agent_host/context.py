"""ContextVars that reach from the edge to the target: who calls, for whom, and which run it is."""

from contextvars import ContextVar

from agent_host.types.identifier import RunId
from agent_host.types.isolation import IsolationKeys
from agent_host.types.on_behalf_of import CallerToken, DownstreamAccess
from agent_host.types.principal import Owner, Principal

current_principal: ContextVar[Principal | None] = ContextVar("agent_host_principal", default=None)
"""Set by the host's authentication on `caller` routes; channels read it, never set it."""

current_isolation: ContextVar[IsolationKeys | None] = ContextVar(
    "agent_host_isolation", default=None
)
"""Set by the edge for a request whose platform may say whom it speaks for, and while a target runs
for such a request, in the background and after a restart too.
"""

current_owner: ContextVar[Owner | None] = ContextVar("agent_host_owner", default=None)
"""Set while a target runs: whose turn it is."""

current_run_id: ContextVar[RunId | None] = ContextVar("agent_host_run_id", default=None)
"""Set while a target runs; the correlation id of whatever it logs."""

current_channel: ContextVar[str | None] = ContextVar("agent_host_channel", default=None)
"""Set while a target runs: the name of the channel that its turn came by."""

current_caller_token: ContextVar[CallerToken | None] = ContextVar(
    "agent_host_caller_token", default=None
)
"""Set by the host for a request with a bearer token that was verified, where tokens are exchanged.
It is never stored, and targets are not given it.
"""

current_on_behalf_of: ContextVar[DownstreamAccess | None] = ContextVar(
    "agent_host_on_behalf_of", default=None
)
"""Set while a target runs, where the host exchanges tokens: what it may do downstream in the name
of whoever the turn is of.
"""

__all__ = [
    "current_caller_token",
    "current_channel",
    "current_isolation",
    "current_on_behalf_of",
    "current_owner",
    "current_principal",
    "current_run_id",
]
