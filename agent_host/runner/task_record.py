"""How a task is stored: its record, its place in the queue and in its lane, its key, its grave.

Owns the collections below and the writes that keep them in step; commits nothing.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import orjson

from agent_host.codec import VersionedCodec
from agent_host.runner.timeline import microseconds
from agent_host.types.identifier import TaskId
from agent_host.types.quick_init import maker, quick_init
from agent_host.types.store import ABSENT, Delete, Key, Put, Record, Write
from agent_host.types.task import Task, TaskSpec, TaskStatus

TASKS: Final = "tasks"
"""Every task, by id. The finished ones have a time to live."""

QUEUE: Final = "task_queue"
"""What may be attempted, one partition for each kind, ordered by when it is due. The value is the
task's id. Of a lane only the first is here, so that a long lane takes no room from others.
"""

LANES: Final = "task_lanes"
"""Unfinished tasks of a lane, one partition each, in the order they were scheduled."""

BEHIND: Final = "task_behind"
"""Tasks that are in a lane and not in the queue, all lanes together, by order."""

KEYS: Final = "task_keys"
"""Task ids by idempotency key, one partition for each kind."""

GRAVES: Final = "task_graves"
"""Dead letters, by when they were given up."""

KIND_GRAVES: Final = "task_kind_graves"
"""The same, one partition for each kind."""

WHOLE: Final = "all"
"""The partition of collections that are not divided."""

_DIGITS: Final = 16


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """A task as stored. `order` grows with each scheduling and breaks ties between equal times."""

    task: Task
    order: int


class StoredTask(NamedTuple):
    """A task with the version its record has, and its place in the queue.

    `spec` is the specification as it is stored, which is written with every change of the task.
    The version of a task that is not listed, see `begun_task`, is `ABSENT`.
    """

    record: TaskRecord
    version: int
    entry: Key
    spec: orjson.Fragment

    @property
    def task(self) -> Task:
        """The task itself."""
        return self.record.task

    @property
    def is_listed(self) -> bool:
        """Whether it has a record by its id, and its places."""
        return self.version != ABSENT

    def succeeded_by(self, task: Task) -> "StoredTask":
        """The task after its next write."""
        order = self.record.order
        entry = self.entry if task.due_at == self.record.task.due_at else _entry(task, order)
        return StoredTask(_make_record(task=task, order=order), self.version + 1, entry, self.spec)


_CODEC: Final = VersionedCodec("task", 1, TaskRecord)


def stored_task(task: Task, *, order: int, version: int = 1) -> StoredTask:
    """The task as its record has it in this version."""
    record = _make_record(task=task, order=order)
    return StoredTask(record, version, _entry(task, order), _packed(task.spec))


def changed(
    task: Task,
    status: TaskStatus,
    *,
    starts: int | None = None,
    due_at: datetime | None = None,
    over_at: datetime | None = None,
    last_error: str | None = None,
) -> Task:
    """The task in another state; `dataclasses.replace` takes five times as long."""
    return _make_task(
        id=task.id,
        spec=task.spec,
        status=status,
        created_at=task.created_at,
        due_at=task.due_at if due_at is None else due_at,
        starts=task.starts if starts is None else starts,
        last_error=task.last_error if last_error is None else last_error,
        over_at=over_at,
    )


def _entry(task: Task, order: int) -> Key:
    return Key(QUEUE, task.spec.kind, f"{microseconds(task.due_at):016x}{order:016x}")


def _packed(spec: TaskSpec) -> orjson.Fragment:
    fields: dict[str, object] = {
        "kind": spec.kind,
        "payload": urlsafe_b64encode(spec.payload).decode("ascii"),
    }
    if spec.key is not None:
        fields["key"] = spec.key
    if spec.lane is not None:
        fields["lane"] = spec.lane
    if spec.delay:
        fields["delay"] = _duration(spec.delay)
    if spec.trace_context:
        fields["trace_context"] = dict(spec.trace_context)
    return orjson.Fragment(orjson.dumps(fields))


def _duration(span: timedelta) -> str:
    """As ISO 8601 has it, exactly."""
    size = abs(span)
    sign = "-" if span < timedelta() else ""
    return f"{sign}P{size.days}DT{size.seconds}.{size.microseconds:06d}S"


def due_at_of(entry_id: str) -> int | None:
    """When a queue entry is due, in microseconds since 1970; None if the entry is damaged."""
    try:
        return int(entry_id[:_DIGITS], 16)
    except ValueError:
        return None


def task_key(task_id: str) -> Key:
    """Where the task's record is."""
    return Key(TASKS, WHOLE, task_id)


def put_graves(dead: StoredTask) -> list[Put]:
    """List a dead letter."""
    kind = dead.task.spec.kind
    return [Put(key, f"{dead.task.id} {kind}".encode()) for key in _grave_keys(dead)]


def delete_graves(dead: StoredTask) -> list[Delete]:
    """List it no more."""
    return [Delete(key) for key in _grave_keys(dead)]


def grave_id(over_at: datetime, *, order: int) -> str:
    """Where a dead letter is in the list."""
    return f"{microseconds(over_at):016x}{order:016x}"


def _grave_keys(dead: StoredTask) -> tuple[Key, Key]:
    task = dead.task
    place = grave_id(task.over_at or task.due_at, order=dead.record.order)
    return Key(GRAVES, WHOLE, place), Key(KIND_GRAVES, task.spec.kind, place)


def lane_entry(stored: StoredTask) -> Key | None:
    """The task's place in its lane, if it has a lane."""
    lane = stored.task.spec.lane
    return None if lane is None else Key(LANES, lane, f"{stored.record.order:016x}")


def behind_entry(lane_entry: Key) -> Key:
    """Where the task of this place in a lane is counted while others are before it."""
    return Key(BEHIND, WHOLE, lane_entry.id)


def idempotency_key(task: Task) -> Key | None:
    """Where the task's key is remembered, if it has a key."""
    return None if task.spec.key is None else Key(KEYS, task.spec.kind, task.spec.key)


def read_task(record: Record) -> StoredTask:
    """The task of a record.

    Raises:
        UnreadableRecordError: the record is damaged or of another version.
    """
    found = _CODEC.decode(record.value)
    return stored_task(found.task, order=found.order, version=record.version)


def put_task(stored: StoredTask, *, time_to_live: timedelta | None = None) -> Put:
    """Write the task where its former version is."""
    key = Key(TASKS, WHOLE, stored.task.id)
    return Put(key, payload_of(stored), stored.version - 1 or ABSENT, time_to_live)


def payload_of(stored: StoredTask) -> bytes:
    """The task as it is stored, wherever that is."""
    record = stored.record
    task = record.task
    fields: dict[str, object] = {
        "id": task.id,
        "spec": stored.spec,
        "status": task.status,
        "created_at": task.created_at,
        "due_at": task.due_at,
    }
    if task.starts:
        fields["starts"] = task.starts
    if task.last_error is not None:
        fields["last_error"] = task.last_error
    if task.over_at is not None:
        fields["over_at"] = task.over_at
    return _CODEC.encode_own(record, {"task": fields, "order": record.order})


def put_entry(stored: StoredTask) -> Put:
    """Queue the task. The lane is named beside it, should the record be lost."""
    task = stored.task
    lane = task.spec.lane
    return Put(stored.entry, (task.id if lane is None else f"{task.id} {lane}").encode())


def put_in_lane(stored: StoredTask, place: Key, *, is_first: bool) -> list[Write]:
    """Give the task its place in its lane, and in the queue or behind those who are."""
    task_id = stored.task.id
    if is_first:
        return [Put(place, task_id.encode()), put_entry(stored)]
    counted = Put(behind_entry(place), f"{task_id} {stored.task.spec.kind}".encode())
    return [Put(place, task_id.encode()), counted]


def put_idempotency_key(
    task: Task, *, expect: int | None = None, time_to_live: timedelta | None = None
) -> Iterator[Put]:
    """Remember the task by its key, if it has one."""
    key = idempotency_key(task)
    if key is not None:
        yield Put(key, task.id.encode(), expect, time_to_live)


def lane_of(entry: Record) -> Key | None:
    """The place in its lane of the task that a queue entry names, if it has a lane."""
    _, named, lane = entry.value.decode(errors="replace").partition(" ")
    return Key(LANES, lane, entry.key.id[_DIGITS:]) if named else None


def is_over(task: Task) -> bool:
    """Whether it will not be attempted by itself any more."""
    return task.status not in (TaskStatus.SCHEDULED, TaskStatus.ATTEMPTING)


def task_id_of(record: Record) -> TaskId:
    """The id that an entry, a key or a grave holds; nobody's if it is damaged."""
    return TaskId(record.value.decode(errors="replace").partition(" ")[0])


def kind_of(record: Record) -> str:
    """The kind that a grave, or an entry behind others, holds."""
    return record.value.decode(errors="replace").partition(" ")[2]


_make_record = maker(TaskRecord)
_make_task = maker(Task)

__all__ = [
    "BEHIND",
    "GRAVES",
    "KEYS",
    "KIND_GRAVES",
    "LANES",
    "QUEUE",
    "TASKS",
    "WHOLE",
    "StoredTask",
    "TaskRecord",
    "behind_entry",
    "changed",
    "delete_graves",
    "due_at_of",
    "grave_id",
    "idempotency_key",
    "is_over",
    "kind_of",
    "lane_entry",
    "lane_of",
    "payload_of",
    "put_entry",
    "put_graves",
    "put_idempotency_key",
    "put_in_lane",
    "put_task",
    "read_task",
    "stored_task",
    "task_id_of",
    "task_key",
]
