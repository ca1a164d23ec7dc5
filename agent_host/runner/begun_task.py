"""Tasks that were begun as they were accepted: one record each until their attempt is over.

A place in the queue, another in their lane and a record by id they need only if the attempt fails
or their process dies. Then they become tasks like all others: they are listed.
"""

from typing import Final, NamedTuple

from agent_host.errors import UnreadableRecordError
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskHandler
from agent_host.runner.task_record import (
    WHOLE,
    StoredTask,
    lane_entry,
    payload_of,
    put_entry,
    put_task,
    read_task,
)
from agent_host.types.store import ABSENT, Delete, Key, Put, Record, Write

BEGUN: Final = "task_begun"
"""Tasks whose first attempt is under way, or was when their process died, by id."""

_PAGE: Final = 128


class Begun(NamedTuple):
    """A task whose attempt is counted, and what to do. `doubt` came instead of an answer whether it
    was accepted.
    """

    stored: StoredTask
    work: TaskHandler
    doubt: BaseException | None = None


class Damaged(NamedTuple):
    """A record that says neither which task was begun nor in which lane."""

    record: Record
    error: UnreadableRecordError


def put_begun(stored: StoredTask) -> Put:
    """Accept a task that is not listed."""
    return Put(begun_key(stored), payload_of(stored), ABSENT)


def delete_begun(stored: StoredTask) -> Delete:
    """Its attempt is over, or it is listed."""
    return Delete(begun_key(stored), ABSENT + 1)


def list_begun(stored: StoredTask) -> tuple[StoredTask, list[Write]]:
    """The task as all others are, and the writes that make it so."""
    listed = stored._replace(version=ABSENT + 1)
    writes: list[Write] = [delete_begun(stored), put_task(listed), put_entry(listed)]
    place = lane_entry(listed)
    if place is not None:
        writes.append(Put(place, listed.task.id.encode()))
    return listed, writes


async def list_abandoned(store: StateStore) -> list[Damaged]:
    """List what an earlier process left, in its old order; nothing else has begun yet. What cannot
    be made sense of is returned as it is.

    Raises:
        StoreError: from the store; some may be listed.
    """
    damaged: list[Damaged] = []
    after: str | None = None
    while page := await store.scan(BEGUN, WHOLE, after=after, limit=_PAGE):
        after = page[-1].key.id
        writes: list[Write] = []
        for record in page:
            try:
                writes += list_begun(read_task(record))[1]
            except UnreadableRecordError as error:
                damaged.append(Damaged(record, error))
        await store.commit(writes)
    return damaged


def begun_key(stored: StoredTask) -> Key:
    """Where the task is until it is listed."""
    return Key(BEGUN, WHOLE, stored.task.id)


__all__ = [
    "BEGUN",
    "Begun",
    "Damaged",
    "begun_key",
    "delete_begun",
    "list_abandoned",
    "list_begun",
    "put_begun",
]
