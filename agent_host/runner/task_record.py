"""How a task is stored: its record, its place in the queue and in its lane, its key, its grave.

Owns the collections below and the writes that keep them in step; commits nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from agent_host.codec import VersionedCodec
from agent_host.types.identifier import TaskId
from agent_host.types.store import ABSENT, Delete, Key, Put, Record, Write
from agent_host.types.task import Task, TaskStatus

TASKS: Final = "tasks"
"""Every task, by id. The finished ones have a time to live."""

QUEUE: Final = "task_queue"
"""What may be attempted, one partition for each kind, ordered by when it is due. The value is the
task's id. Of a lane only the first is here, so that a long lane takes no room from others.
"""

LANES: Final = "task_lanes"
"""Unfinished tasks of a lane, one partition each, in the order they were scheduled."""

KEYS: Final = "task_keys"
"""Task ids by idempotency key, one partition for each kind."""

GRAVES: Final = "task_graves"
"""Ids of dead letters."""

WHOLE: Final = "all"
"""The partition of collections that are not divided."""

_DIGITS: Final = 16
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """A task as stored. `order` grows with each scheduling and breaks ties between equal times."""

    task: Task
    order: int


class StoredTask(NamedTuple):
    """A task with the version its record has."""

    record: TaskRecord
    version: int

    @property
    def task(self) -> Task:
        """The task itself."""
        return self.record.task

    @property
    def entry(self) -> Key:
        """Its place in the queue."""
        task, order = self.record.task, self.record.order
        due = microseconds(task.due_at)
        return Key(QUEUE, task.spec.kind, f"{due:0{_DIGITS}x}{order:0{_DIGITS}x}")

    def succeeded_by(self, task: Task) -> "StoredTask":
        """The task after its next write."""
        return StoredTask(TaskRecord(task=task, order=self.record.order), self.version + 1)


_CODEC: Final = VersionedCodec("task", 1, TaskRecord)


def microseconds(at: datetime) -> int:
    """Since 1970, as queue entries count."""
    return (at - _EPOCH) // _MICROSECOND


def due_at_of(entry_id: str) -> int | None:
    """When a queue entry is due, in microseconds since 1970; None if the entry is damaged."""
    try:
        return int(entry_id[:_DIGITS], 16)
    except ValueError:
        return None


def task_key(task_id: str) -> Key:
    """Where the task's record is."""
    return Key(TASKS, WHOLE, task_id)


def grave_key(task_id: str) -> Key:
    """Where a dead letter is listed."""
    return Key(GRAVES, WHOLE, task_id)


def lane_entry(stored: StoredTask) -> Key | None:
    """The task's place in its lane, if it has a lane."""
    lane = stored.task.spec.lane
    return None if lane is None else Key(LANES, lane, f"{stored.record.order:0{_DIGITS}x}")


def idempotency_key(task: Task) -> Key | None:
    """Where the task's key is remembered, if it has a key."""
    return None if task.spec.key is None else Key(KEYS, task.spec.kind, task.spec.key)


def read_task(record: Record) -> StoredTask:
    """The task of a record.

    Raises:
        UnreadableRecordError: the record is damaged or of another version.
    """
    return StoredTask(_CODEC.decode(record.value), record.version)


def put_task(stored: StoredTask, *, time_to_live: timedelta | None = None) -> Put:
    """Write the task where its former version is."""
    return Put(
        task_key(stored.task.id),
        _CODEC.encode(stored.record),
        expect=stored.version - 1 or ABSENT,
        time_to_live=time_to_live,
    )


def put_entry(stored: StoredTask) -> Put:
    """Queue the task."""
    return Put(stored.entry, stored.task.id.encode())


def put_in_lane(stored: StoredTask) -> Iterator[Put]:
    """Give the task its place in its lane, if it has one."""
    entry = lane_entry(stored)
    if entry is not None:
        yield Put(entry, stored.task.id.encode())


def put_idempotency_key(
    task: Task, *, expect: int | None = None, time_to_live: timedelta | None = None
) -> Iterator[Put]:
    """Remember the task by its key, if it has one."""
    key = idempotency_key(task)
    if key is not None:
        yield Put(key, task.id.encode(), expect, time_to_live)


def leave_queue(before: StoredTask) -> list[Write]:
    """Take a task that will not be attempted any more out of the queue and its lane."""
    entry = lane_entry(before)
    return [Delete(before.entry), *(() if entry is None else (Delete(entry),))]


def is_over(task: Task) -> bool:
    """Whether it will not be attempted by itself any more."""
    return task.status not in (TaskStatus.SCHEDULED, TaskStatus.ATTEMPTING)


def task_id_of(record: Record) -> TaskId:
    """The id that a queue entry, lane entry or key holds; nobody's if it is damaged."""
    return TaskId(record.value.decode(errors="replace"))


__all__ = [
    "GRAVES",
    "KEYS",
    "LANES",
    "QUEUE",
    "TASKS",
    "WHOLE",
    "StoredTask",
    "TaskRecord",
    "due_at_of",
    "grave_key",
    "idempotency_key",
    "is_over",
    "lane_entry",
    "leave_queue",
    "microseconds",
    "put_entry",
    "put_idempotency_key",
    "put_in_lane",
    "put_task",
    "read_task",
    "task_id_of",
    "task_key",
]
