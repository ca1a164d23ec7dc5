"""The seam to whatever answers: one agent or workflow, from any framework."""

from collections.abc import AsyncIterator
from typing import Protocol

from agent_host.types.event import RunEvent
from agent_host.types.target import TargetCapabilities, TargetDescription
from agent_host.types.turn import Turn


class Target(Protocol):
    """Answers a turn as a stream of events. A blocking answer is that stream, collected.

    One instance serves all turns at once: state of a turn lives in `run`'s frame. A target that is
    also an async context manager is entered before the first turn and left after the last.
    """

    @property
    def description(self) -> TargetDescription:
        """What it is, for cards, lists and documents. Does not change while hosted."""
        ...

    @property
    def capabilities(self) -> TargetCapabilities:
        """What the engine may count on. Does not change while hosted."""
        ...

    def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        """Yield events; the last may be a terminal, else the engine completes the run.

        - Raising ends the run as failed: `TargetError` with its text, anything else without.
        - `InputRequired` suspends. An async generator gets the `Answer` from its `yield`; a target
          that `resumes` ends its stream and is called again with `turn.answer`.
        - When `turn.cancelled` is set it should stop soon; after the grace it is cancelled. However
          it ends then, the run has the end it was stopped with.
        - What the engine adds by itself (`RunStarted`, `InputReceived`) is not yielded.
        """
        ...


class TargetAdapter(Protocol):
    """Makes a `Target` of one framework's objects. Found in the group `agent_host.adapters`."""

    @property
    def supports(self) -> str:
        """One line for error messages: what kind of object this adapter takes."""
        ...

    def matches(self, candidate: object) -> bool:
        """Whether this is one of mine. Looks at the object only, and imports no framework that is
        not imported already.
        """
        ...

    def adapt(self, candidate: object, *, name: str) -> Target:
        """The object as a target, `name` where it has none of its own.

        Raises:
            UnsupportedTargetError: it is of my kind but cannot be hosted, and why.
        """
        ...


__all__ = ["Target", "TargetAdapter"]
