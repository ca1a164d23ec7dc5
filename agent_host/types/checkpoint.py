"""Where a target keeps its progress, so that another process can go on with it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from agent_host.errors import UnreadableRecordError


class Checkpoint(NamedTuple):
    """One record of a scope. Its value is the target's own; make it versioned JSON."""

    name: str
    value: bytes


class Checkpoints(Protocol):
    """Records of the turn's owner and nobody else, durable once a write has returned.

    A `scope` holds records together that are forgotten together: a run, a thread. Names and scopes
    are any text. Records expire some time after they were written, so that none is kept for ever.
    """

    async def get(self, scope: str, name: str) -> bytes | None:
        """The record's value; None if it is not there, or not the owner's."""
        ...

    async def put(self, scope: str, values: Mapping[str, bytes]) -> None:
        """Write all of them, or none."""
        ...

    async def list(
        self, scope: str, *, after: str | None = None, limit: int = 100, newest_first: bool = False
    ) -> Sequence[Checkpoint]:
        """Records by ascending name, or descending, behind `after` in that direction."""
        ...

    async def set_aside(
        self, scope: str, found: Sequence[Checkpoint], error: UnreadableRecordError
    ) -> None:
        """Take what cannot be made sense of out of the way, and what is of no use without it; if
        all of it is still as it was found. It reads as missing then, its bytes are kept for the
        operator, and the log says so. Whether that can be done now changes nothing for the caller.
        """
        ...

    async def delete(self, scope: str) -> None:
        """Forget all of the scope."""
        ...


__all__ = ["Checkpoint", "Checkpoints"]
