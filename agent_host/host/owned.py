"""What callers see of their own: made for one owner at a time, once it is known who asks."""

from collections.abc import Callable
from dataclasses import dataclass

from agent_host.host.run.reader import RunReader
from agent_host.protocols.host_context import FileView, SessionView
from agent_host.types.principal import Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedViews:
    """Each makes the view of one owner."""

    runs: Callable[[Owner], RunReader]
    sessions: Callable[[Owner], SessionView]
    files: Callable[[Owner], FileView]


__all__ = ["OwnedViews"]
