"""The seams that change what a target does without its knowing."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from agent_host.protocols.target import Target
from agent_host.types.turn import Turn


class Behavior(Protocol):
    """Wraps a target in another: retries, guardrails, budgets. The first listed is outermost."""

    def wrap(self, target: Target) -> Target:
        """The target, with the behaviour around it."""
        ...


RunHook: TypeAlias = Callable[[Turn], Awaitable[object] | object]
"""Rewrites a turn before it runs. Sync or async. It returns a `Turn`, or the value that becomes
`turn.input`: a workflow's typed input. A pydantic `ValidationError` it raises is told to the caller
field by field as `InvalidInputError`; a `HostError` as itself; anything else refuses the request
without its text. It may be called again for the same turn when a background run is resumed.
"""

__all__ = ["Behavior", "RunHook"]
