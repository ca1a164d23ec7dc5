"""Tasks that were begun as they were accepted: one record each until their attempt is over.

A place in the queue, another in their lane and a record by id they need only if the attempt fails
or their process dies. Then they become tasks like all others: they are listed.
"""

from typing import Final, NamedTuple

from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskHandler
from agent_host.quarantine import make_out
from agent_host.runner.task_record import (
    WHOLE,
    StoredTask,
    lane_entry,
    payload_of,
    put_entry,
    put_task,
    read_task,
)
from agent_host.types.store import ABSENT, Delete, Key, Put, Write

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


async def list_abandoned(store: StateStore) -> None:
    """List what an earlier process left, in its old order. Nothing else has begun yet.

    Raises:
        StoreError: from the store; some may be listed.
    """
    after: str | None = None
    while page := await store.scan(BEGUN, WHOLE, after=after, limit=_PAGE):
        after = page[-1].key.id
        writes: list[Write] = []
        for record in page:
            stored = await make_out(store, record, read_task)
            if stored is not None:
                writes += list_begun(stored)[1]
        await store.commit(writes)


def begun_key(stored: StoredTask) -> Key:
    """Where the task is until it is listed."""
    return Key(BEGUN, WHOLE, stored.task.id)


__all__ = [
    "BEGUN",
    "Begun",
    "begun_key",
    "delete_begun",
    "list_abandoned",
    "list_begun",
    "put_begun",
]
