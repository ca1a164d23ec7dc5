"""What an operator sees: ids, states, counts and times of everybody's work, and no content."""

from dataclasses import dataclass

from agent_host.types.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """One run. `events` counts its journal, `live` says whether this process executes it."""

    run: Run
    events: int
    live: bool


__all__ = ["RunReport"]
