"""What a target, and whatever it calls and logs, can know of its run without being told."""

from agent_host.context import (
    current_channel,
    current_isolation,
    current_owner,
    current_run_id,
)
from agent_host.types.isolation import IsolationKeys
from agent_host.types.run import Run


def surround(run: Run, isolation: IsolationKeys | None) -> None:
    """Set the context variables of the task that executes the run."""
    current_owner.set(run.owner)
    current_run_id.set(run.id)
    current_channel.set(run.channel)
    current_isolation.set(isolation)


__all__ = ["surround"]
