"""What in the store leads another process to a run that is not over, should this one die."""

from agent_host.host.record.live_record import LiveRun
from agent_host.host.record.request_record import StoredRequest
from agent_host.host.run.part import EngineParts
from agent_host.types.identifier import RunId
from agent_host.types.principal import Owner
from agent_host.types.run import Run, RunStatus
from agent_host.types.store import Write


class RunTrail:
    """One run's. Builds the writes; whoever commits them says so.

    `alone` says that no task of the runner leads to the run, so that, where the store outlives the
    process, an entry must. `entered` and `kept` say that the entry and the request are stored.
    """

    __slots__ = ("_alone", "_durable", "_entered", "_kept", "_parts", "stored")

    def __init__(
        self,
        parts: EngineParts,
        stored: StoredRequest | None,
        *,
        alone: bool,
        entered: bool,
        kept: bool,
    ) -> None:
        self._parts = parts
        self._alone = alone
        self._durable = parts.store.durable
        self._entered = entered
        self._kept = kept
        self.stored = stored

    def leads_on(self, status: RunStatus) -> bool:
        """Whether a task lets the next process go on with a run of this status: one that has not
        begun, or that may be run again.
        """
        if self._alone or not self._durable:
            return False
        return status is RunStatus.QUEUED or (status is RunStatus.RUNNING and self._parts.reruns)

    @property
    def is_missing(self) -> bool:
        """Whether a run that is stored, and goes on, needs an entry."""
        return self._alone and self._durable and not self._entered

    def begin(self, run: Run) -> list[Write]:
        """The entry, and the request if the run may be run again."""
        live = LiveRun(owner=run.owner, instance=self._parts.instance, since=run.created_at)
        entry = self._parts.live_runs.put(run.id, live)
        return [entry, *self.keep_request()] if self._parts.reruns else [entry]

    def begun(self) -> None:
        """What `begin` gave is stored."""
        self._entered = True
        self._kept = self._kept or (self._parts.reruns and self.stored is not None)

    def keep_request(self) -> list[Write]:
        """What another process needs to go on with the run."""
        if self._kept or self.stored is None:
            return []
        return [self._parts.requests.put(self.stored)]

    def suspend(self, run_id: RunId) -> list[Write]:
        """The run waits for an answer that any process can take: its question leads to it."""
        kept = self.keep_request()
        return [*kept, self._parts.live_runs.delete(run_id)] if self._entered else kept

    def suspended(self) -> None:
        """What `suspend` gave is stored. A task will lead to the run."""
        self._kept = True
        self._alone = self._entered = False

    def end(self, owner: Owner, run_id: RunId) -> list[Write]:
        """The run is over."""
        writes: list[Write] = []
        if self._kept:
            writes.append(self._parts.requests.delete(owner, run_id))
        if self._entered:
            writes.append(self._parts.live_runs.delete(run_id))
        return writes


__all__ = ["RunTrail"]
