"""What a run's journal comes to as push notifications, in either version. Pure; one per config.

1.0: each update is a `StreamResponse` (section 4.3.3). 0.3: the task as it stands, each time its
state changes or a piece of it is whole; what is said in between is in the next one.
"""

from agent_host.types import JournalEntry, Run
from agent_host_a2a.outbound import context_of, status_fields, task_fields
from agent_host_a2a.outbound_0_3 import from_task
from agent_host_a2a.part import Fields
from agent_host_a2a.progress import TaskProgress
from agent_host_a2a.push_config import PushConfig
from agent_host_a2a.schema import VERSION_0_3, TaskState


class PushFold:
    """Feed it every entry in order, from the first on."""

    __slots__ = ("_is_old", "_progress", "_run", "_status", "next")

    def __init__(self, run: Run, config: PushConfig, *, resumes: bool) -> None:
        self._run = run
        self._is_old = config.version == VERSION_0_3
        self._progress = TaskProgress(
            run.id, context_of(run), accepted=config.accepted, resumes=resumes
        )
        self._status = status_fields(TaskState.SUBMITTED, run.created_at)
        self.next = 0
        """The sequence of the entry that it takes next."""

    def take(self, entry: JournalEntry) -> list[Fields]:
        """The bodies that this entry is told in."""
        self.next = entry.sequence + 1
        updates = self._progress.take(entry)
        if not self._is_old:
            return updates
        is_worth_it = False
        for update in updates:
            if "statusUpdate" in update:
                self._status = update["statusUpdate"]["status"]
                is_worth_it = True
            else:
                is_worth_it = is_worth_it or update["artifactUpdate"].get("lastChunk", False)
        return [self._task()] if is_worth_it else []

    def _task(self) -> Fields:
        task = task_fields(self._run, artifacts=self._progress.artifacts())
        return from_task({**task, "status": self._status})


__all__ = ["PushFold"]
