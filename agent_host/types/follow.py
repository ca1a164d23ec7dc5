"""A lasting wish to be told what happens in a run, on a wire that the host does not hold open."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from agent_host.types.identifier import RunId
from agent_host.types.json import JsonObject


class FollowStatus(StrEnum):
    """`over`: the run is, and all of it was told. `dead`: it was given up, and an operator may have
    it tried again.
    """

    OPEN = "open"
    OVER = "over"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, order=True)
class FollowCursor:
    """Where the telling stands: all entries before `sequence` are told, and of that one so much as
    `steps` says, which whoever tells counts.
    """

    sequence: int = 0
    steps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """One for each run and name. `value` is the channel's own, and may hold secrets."""

    run_id: RunId
    name: str
    value: JsonObject = field(repr=False)
    cursor: FollowCursor
    status: FollowStatus
    created_at: datetime


__all__ = ["Follow", "FollowCursor", "FollowStatus"]
