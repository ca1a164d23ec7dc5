"""Callers' tokens, from the request to the run that it started. In this process and nowhere else:
a run that another process goes on with has none.
"""

from collections import OrderedDict
from contextvars import Context, copy_context
from typing import Final

from agent_host.context import current_caller_token, current_on_behalf_of
from agent_host.protocols.on_behalf_of import OnBehalfOf
from agent_host.types.identifier import RunId
from agent_host.types.on_behalf_of import CallerToken

WAITING_LIMIT: Final = 1024


class CallerTokens:
    """Those of runs that wait for their turn. Of more than `limit` the first are forgotten."""

    def __init__(self, limit: int = WAITING_LIMIT) -> None:
        self._limit = limit
        self._waiting: OrderedDict[RunId, CallerToken] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def keep(self, run_id: RunId) -> None:
        """Keep the token of the request that is being served, if it has one."""
        token = current_caller_token.get()
        if token is None:
            return
        self._waiting[run_id] = token
        self._waiting.move_to_end(run_id)
        if len(self._waiting) > self._limit:
            self._waiting.popitem(last=False)

    def take(self, run_id: RunId) -> CallerToken | None:
        """The run begins, or never will."""
        return self._waiting.pop(run_id, None)


def context_for_target(
    on_behalf_of: OnBehalfOf | None, token: CallerToken | None
) -> Context | None:
    """Where a run is executed: it has access in the name of its own caller, whatever the context is
    that it is started from, and no token. None, where nothing is exchanged: any context will do.
    """
    if on_behalf_of is None:
        return None
    context = copy_context()
    context.run(current_caller_token.set, None)
    context.run(current_on_behalf_of.set, on_behalf_of.access(token))
    return context


__all__ = ["WAITING_LIMIT", "CallerTokens", "context_for_target"]
