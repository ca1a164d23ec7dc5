"""What a commit of the task runner does to tasks, named: for tests that stop it there."""

from collections.abc import Sequence
from typing import Final

from agent_host.runner.task_record import GRAVES, TASKS, read_task
from agent_host.types.store import ABSENT, Delete, Put, Record, Write
from agent_host.types.task import Task, TaskStatus

STEPS: Final = (
    "schedule",
    "begin",
    "finish",
    "postpone",
    "bury",
    "replay",
    "promote",
    "cancel",
    "purge",
)
"""Every change of a stored task. `promote` comes with the one that made room in the lane."""


def steps_of(writes: Sequence[Write]) -> set[str]:
    """The steps that this commit makes."""
    puts = [write for write in writes if isinstance(write, Put) and write.key.collection == TASKS]
    gone = [write.key.collection for write in writes if isinstance(write, Delete)]
    steps = {_step(put, gone) for put in puts}
    if TASKS in gone:
        steps.add("purge")
    return steps


def _step(put: Put, gone: Sequence[str]) -> str:
    task = read_task(Record(put.key, put.value, 1)).task
    by_status = {
        TaskStatus.ATTEMPTING: "begin",
        TaskStatus.SUCCEEDED: "finish",
        TaskStatus.DEAD: "bury",
        TaskStatus.CANCELLED: "cancel",
    }
    return by_status.get(task.status) or _scheduling(task, put, gone)


def _scheduling(task: Task, put: Put, gone: Sequence[str]) -> str:
    if put.expect == ABSENT:
        return "schedule"
    if task.starts:
        return "postpone"
    # Within one group of commits these two may stand side by side.
    return "replay" if GRAVES in gone and task.spec.lane is None else "promote"


__all__ = ["STEPS", "steps_of"]
