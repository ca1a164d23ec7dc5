"""What every execution works with. Built once per host."""

from dataclasses import dataclass

from agent_host.host.file.keeper import FileKeeper
from agent_host.host.record.journal_record import JournalRecords
from agent_host.host.record.live_record import LiveRunRecords
from agent_host.host.record.request_record import RequestRecords
from agent_host.host.record.run_index import RunIndex
from agent_host.host.record.run_record import RunRecords
from agent_host.host.record.session_record import SessionRecords
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.delivery import DeliveryPlanner
from agent_host.protocols.on_behalf_of import OnBehalfOf
from agent_host.protocols.run_observer import RunObserver
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.target import Target
from agent_host.protocols.task_runner import TaskRunner
from agent_host.types.run_policy import RunPolicy
from agent_host.types.target import TargetCapabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineParts:
    """The target with its behaviours on, the store with its repositories, and the run policy.

    `instance` names this process among those that use the store.
    """

    target: Target
    capabilities: TargetCapabilities
    store: StateStore
    runs: RunRecords
    run_index: RunIndex
    journals: JournalRecords
    sessions: SessionRecords
    requests: RequestRecords
    files: FileKeeper
    live_runs: LiveRunRecords
    runner: TaskRunner
    policy: RunPolicy
    clock: Clock
    ids: IdFactory
    instance: str
    deliveries: DeliveryPlanner
    observer: RunObserver | None = None
    on_behalf_of: OnBehalfOf | None = None

    @property
    def reruns(self) -> bool:
        """Whether a run that was interrupted is run again, or goes on where it was, and is not
        failed.
        """
        able = self.capabilities.rerunnable or self.capabilities.checkpoints
        return able and self.policy.rerun_interrupted


__all__ = ["EngineParts"]
