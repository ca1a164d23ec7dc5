"""A host's parts with telemetry around them. The one door to all that imports OpenTelemetry."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from agent_host import telemetry
from agent_host.observability.delivery_telemetry import DeliveryTelemetry
from agent_host.observability.instrument import Instruments
from agent_host.observability.observed_runner import ObservedRunner
from agent_host.observability.observed_store import ObservedStore
from agent_host.observability.observed_target import ObservedTarget
from agent_host.observability.provider import Telemetry
from agent_host.observability.run_telemetry import RunTelemetry
from agent_host.observability.server_span import ASGIApp, ServerSpans
from agent_host.observability.trace_carrier import to_carrier
from agent_host.protocols.clock import Clock
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.target import Target
from agent_host.protocols.task_runner import TaskRunner
from agent_host.types.task import Task, TaskCounts


class WatchedParts:
    """Makes each of them; one per host."""

    def __init__(self, to: Telemetry, clock: Clock) -> None:
        self._clock = clock
        self._trusts_callers = to.trusts_callers
        self._instruments = Instruments(to.tracer_provider, to.meter_provider)
        self.runs = RunTelemetry(self._instruments)
        self.deliveries = DeliveryTelemetry(self._instruments)

    def target(self, target: Target) -> Target:
        """With its turns and tools as spans."""
        return ObservedTarget(target, self._instruments, self._clock)

    def store(self, store: StateStore) -> StateStore:
        """With its commits timed."""
        return ObservedStore(store, self._instruments, self._clock)

    def runner(self, runner: TaskRunner) -> TaskRunner:
        """With traces that go through its tasks."""
        return ObservedRunner(runner, self._instruments, self._clock)

    def application(self, app: ASGIApp) -> ASGIApp:
        """With its requests as spans."""
        return ServerSpans(
            app,
            instruments=self._instruments,
            clock=self._clock,
            trusts_callers=self._trusts_callers,
        )

    @staticmethod
    def trace_carrier() -> Mapping[str, str]:
        """What a durable record keeps of the current trace."""
        return to_carrier()

    def note_dead(self, task: Task) -> None:
        """A task was given up."""
        self._instruments.tasks_dead.add(1, {telemetry.TASK_KIND: task.spec.kind})

    def note_counted(self, counts: Mapping[str, TaskCounts], now: datetime) -> None:
        """So many tasks wait."""
        for kind, found in counts.items():
            labels = {telemetry.TASK_KIND: kind}
            late = timedelta() if found.oldest_due_at is None else now - found.oldest_due_at
            self._instruments.tasks_waiting.set(found.waiting, labels)
            self._instruments.task_oldest.set(max(late.total_seconds(), 0.0), labels)

    def note_dropped(self, sink: str, count: int) -> None:
        """A sink did not take so many events."""
        self._instruments.events_dropped.add(count, {telemetry.SINK: sink})


__all__ = ["WatchedParts"]
