"""The seam to telling somebody of a run, durably, as long as it goes on: a protocol's callbacks.

A channel registers a follower while it serves, and owners' follows lead to it: in order, at least
once, over restarts of the process.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias

from agent_host.types.event import JournalEntry
from agent_host.types.follow import Follow, FollowCursor
from agent_host.types.json import JsonObject
from agent_host.types.run import Run


class FollowView(Protocol):
    """The follows of one owner on one channel. Unknown and foreign runs and names raise
    `NotFoundError` alike.
    """

    async def put(self, run_id: str, name: str, value: JsonObject, *, from_start: bool) -> Follow:
        """Follow a run: from its first entry, or from the next one. An earlier follow of that name
        gets the new value and goes on where it is. Durable when it returns.

        Raises:
            FollowLimitError: the run, or the host, has as many as it may.
            TooLargeError: the value is more than a follow may have.
        """
        ...

    async def get(self, run_id: str, name: str) -> Follow:
        """One of them."""
        ...

    async def list(self, run_id: str) -> Sequence[Follow]:
        """All of a run, by name."""
        ...

    async def delete(self, run_id: str, name: str) -> None:
        """Tell no more. One message may be on its way; nothing if there is none of that name."""
        ...


class FollowAttempt(Protocol):
    """One attempt at telling what there is. No other goes on for the same follow."""

    @property
    def follow(self) -> Follow:
        """As it stands: its cursor, and its value as it was when the last entry was given out."""
        ...

    @property
    def run(self) -> Run:
        """The run, as it stood when the attempt began."""
        ...

    def entries(self, *, start: int = 0) -> AsyncIterator[JournalEntry]:
        """What there is from this sequence on, and what comes within a moment. It ends before the
        run does, so that a quiet run holds up no other; another attempt goes on.

        Raises:
            FollowEndedError: the follow was deleted meanwhile; to be passed on.
        """
        ...

    async def confirm(self, cursor: FollowCursor) -> None:
        """What is before the cursor is told, and is not told again. Durable when it returns.

        Raises:
            FollowEndedError: see `entries`.
        """
        ...


Follower: TypeAlias = Callable[[FollowAttempt], Awaitable[None]]
"""Tells. Returning says that all entries it was given are dealt with. `RetryTaskError` asks for
another attempt from the cursor on, counted afresh if the cursor moved; `PermanentTaskError` gives
the follow up; any other exception is retried.
"""

__all__ = ["FollowAttempt", "FollowView", "Follower"]
