"""A target under another name or description than its own."""

from collections.abc import AsyncIterator
from dataclasses import replace

from agent_host.protocols.target import Target
from agent_host.types.event import RunEvent
from agent_host.types.target import TargetCapabilities, TargetDescription
from agent_host.types.turn import Turn


class RenamedTarget:
    """Passes every turn on unchanged."""

    def __init__(self, target: Target, *, name: str | None, description: str | None) -> None:
        self._target = target
        own = target.description
        self.description: TargetDescription = replace(
            own, name=name or own.name, description=description or own.description
        )
        self.capabilities: TargetCapabilities = target.capabilities

    def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        """The target's own events."""
        return self._target.run(turn)


__all__ = ["RenamedTarget"]
