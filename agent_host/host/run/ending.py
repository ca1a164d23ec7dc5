"""How a run stands once it has ended this way."""

from typing import Final

from agent_host.types.event import RunCancelled, RunCompleted, RunFailed, TerminalEvent
from agent_host.types.run import RunStatus

STATUS_OF: Final[dict[type[TerminalEvent], RunStatus]] = {
    RunCompleted: RunStatus.COMPLETED,
    RunFailed: RunStatus.FAILED,
    RunCancelled: RunStatus.CANCELLED,
}

__all__ = ["STATUS_OF"]
