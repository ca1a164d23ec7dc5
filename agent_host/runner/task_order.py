"""Numbers that grow with each scheduling, over restarts too, whatever the calendar does.

They keep lanes in order and tell tasks apart that are due at the same moment. A number is the time
in microseconds, or the last one plus one. The store knows a bound that is ahead of all that were
taken, written together with the first task that passes the former bound.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

from agent_host.codec import VersionedCodec
from agent_host.protocols.state_store import StateStore
from agent_host.quarantine import read_record
from agent_host.runner.timeline import Timeline, at_microseconds
from agent_host.types.store import Key, Put, Record, Write

BOUNDS: Final = "task_order"
_BOUND: Final = Key(BOUNDS, "all", "bound")
_AHEAD: Final = timedelta(minutes=1)
_AHEAD_MICROSECONDS: Final = _AHEAD // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bound:
    """No number above it was taken."""

    order: int


_CODEC: Final = VersionedCodec("task_order", 1, _Bound)


class Turn(NamedTuple):
    """A number, and what must be written with the task that has it."""

    order: int
    bound: int | None

    @property
    def writes(self) -> list[Write]:
        """Nothing, most of the time."""
        return [] if self.bound is None else [Put(_BOUND, _CODEC.encode(_Bound(order=self.bound)))]


class TaskOrder:
    """The numbers of one process; `load` before the first is taken."""

    def __init__(self, store: StateStore, timeline: Timeline) -> None:
        self._store = store
        self._timeline = timeline
        self._last = 0
        self._bound = 0

    async def load(self) -> None:
        """Go on where the last process was, and let time do so too."""
        found = await read_record(self._store, _BOUND, read_bound)
        if found is None:  # nothing was scheduled yet, or the calendar has to do
            return
        self._last = self._bound = found
        self._timeline.go_on_from(at_microseconds(found) - _AHEAD)

    def take(self) -> Turn:
        """The next number."""
        order = self._last = max(self._timeline.microseconds(), self._last + 1)
        return Turn(order, order + _AHEAD_MICROSECONDS if order > self._bound else None)

    def written(self, turn: Turn) -> None:
        """The writes of this turn were committed."""
        if turn.bound is not None:
            self._bound = max(self._bound, turn.bound)


def read_bound(record: Record) -> int:
    """The bound that a record keeps.

    Raises:
        UnreadableRecordError: the record is damaged or of another version.
    """
    return _CODEC.decode(record.value).order


__all__ = ["BOUNDS", "TaskOrder", "Turn", "read_bound"]
