"""A task runner whose tasks carry their trace: from where they were scheduled to each attempt,
over a restart too.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Self

from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from agent_host import telemetry
from agent_host.errors import HostError, PermanentTaskError, RetryTaskError, TaskHandedBackError
from agent_host.observability.instrument import Instruments
from agent_host.observability.trace_carrier import from_carrier, link_to, to_carrier
from agent_host.protocols.clock import Clock
from agent_host.protocols.task_runner import (
    PreparedAttempt,
    TaskHandler,
    TaskPreparation,
    TaskRunner,
)
from agent_host.types.identifier import TaskId
from agent_host.types.page import Page
from agent_host.types.store import Write
from agent_host.types.task import RetryPolicy, Task, TaskCounts, TaskSpec

SUCCEEDED = "succeeded"
RETRIED = "retried"
HANDED_BACK = "handed_back"
PERMANENT = "permanent"
FAILED = "failed"
STOPPED = "stopped"
"""The attempt was cancelled: its time was over, its task was cancelled, or the host went down."""


class ObservedRunner:
    """Any runner: it needs to do no more than keep `TaskSpec.trace_context`."""

    def __init__(self, runner: TaskRunner, instruments: Instruments, clock: Clock) -> None:
        self._runner = runner
        self._instruments = instruments
        self._clock = clock

    async def __aenter__(self) -> Self:
        await self._runner.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._runner.__aexit__(exc_type, exc_value, traceback)

    @property
    def durable(self) -> bool:
        """The runner's own answer."""
        return self._runner.durable

    def register(
        self,
        kind: str,
        handler: TaskHandler,
        *,
        concurrency: int,
        retry: RetryPolicy,
        on_dead: TaskHandler | None = None,
        prepare: TaskPreparation | None = None,
        keeps_done: bool = True,
    ) -> None:
        """Let the handler be called within the span of its attempt."""
        self._runner.register(
            kind,
            partial(self._attempt, handler),
            concurrency=concurrency,
            retry=retry,
            on_dead=on_dead,
            prepare=None if prepare is None else partial(self._prepare, prepare),
            keeps_done=keeps_done,
        )

    async def schedule(self, spec: TaskSpec, *, alongside: Sequence[Write] = ()) -> Task:
        """Schedule it with the context of the span it is scheduled in."""
        with self._scheduling(spec) as (traced, span):
            task = await self._runner.schedule(traced, alongside=alongside)
            span.set_attribute(telemetry.TASK_ID, task.id)
        self._instruments.tasks_scheduled.add(1, {telemetry.TASK_KIND: spec.kind})
        return task

    async def begin(self, spec: TaskSpec, prepare: TaskPreparation) -> bool:
        """Begin it with the context of the span it is accepted in."""
        with self._scheduling(spec) as (traced, _):
            is_begun = await self._runner.begin(traced, partial(self._prepare, prepare))
        if is_begun:
            self._instruments.tasks_scheduled.add(1, {telemetry.TASK_KIND: spec.kind})
        return is_begun

    @contextmanager
    def _scheduling(self, spec: TaskSpec) -> Generator[tuple[TaskSpec, Span]]:
        with self._instruments.tracer.start_as_current_span(
            f"{telemetry.SPAN_SCHEDULE} {spec.kind}",
            kind=SpanKind.PRODUCER,
            attributes={telemetry.TASK_KIND: spec.kind},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            if not spec.trace_context:
                spec = replace(spec, trace_context=to_carrier())
            try:
                yield spec, span
            except Exception as error:
                span.set_attribute(telemetry.ERROR_TYPE, _code_of(error))
                span.set_status(Status(StatusCode.ERROR))
                raise

    async def _prepare(self, prepare: TaskPreparation, task: Task) -> PreparedAttempt | None:
        prepared = await prepare(task)
        if prepared is None:
            return None
        return PreparedAttempt(prepared.writes, partial(self._attempt, prepared.work))

    async def _attempt(self, handler: TaskHandler, task: Task) -> Sequence[Write] | None:
        instruments = self._instruments
        kind = {telemetry.TASK_KIND: task.spec.kind}
        late = (self._clock.now() - task.due_at).total_seconds()
        instruments.task_queue_duration.record(max(late, 0.0), kind)
        scheduled = from_carrier(task.spec.trace_context)
        began = self._clock.monotonic()
        outcome = STOPPED
        instruments.tasks_running.add(1, kind)
        with instruments.tracer.start_as_current_span(
            f"{telemetry.SPAN_ATTEMPT} {task.spec.kind}",
            context=scheduled,
            kind=SpanKind.CONSUMER,
            links=link_to(scheduled),
            attributes={
                **kind,
                telemetry.TASK_ID: task.id,
                telemetry.TASK_STARTS: task.starts,
            },
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                writes = await handler(task)
                outcome = SUCCEEDED
            except Exception as error:
                outcome = _outcome_of(error)
                span.set_attribute(telemetry.ERROR_TYPE, _code_of(error))
                span.set_status(Status(StatusCode.ERROR))
                raise
            finally:
                span.set_attribute(telemetry.TASK_OUTCOME, outcome)
                instruments.tasks_running.add(-1, kind)
                took = self._clock.monotonic() - began
                instruments.task_duration.record(took, {**kind, telemetry.TASK_OUTCOME: outcome})
        return writes

    async def get(self, task_id: TaskId) -> Task | None:
        """Passed on."""
        return await self._runner.get(task_id)

    async def cancel(self, task_id: TaskId) -> bool:
        """Passed on."""
        return await self._runner.cancel(task_id)

    async def summary(self) -> Mapping[str, TaskCounts]:
        """Passed on."""
        return await self._runner.summary()

    async def dead_letters(
        self, *, kind: str | None = None, after: str | None = None, limit: int = 50
    ) -> Page[Task]:
        """Passed on."""
        return await self._runner.dead_letters(kind=kind, after=after, limit=limit)

    async def replay(self, task_id: TaskId) -> bool:
        """Passed on."""
        return await self._runner.replay(task_id)

    async def replay_all(self, *, kind: str | None = None) -> int:
        """Passed on."""
        return await self._runner.replay_all(kind=kind)

    async def purge(self, task_id: TaskId) -> bool:
        """Passed on."""
        return await self._runner.purge(task_id)

    async def purge_all(
        self, *, kind: str | None = None, older_than: timedelta = timedelta()
    ) -> int:
        """Passed on."""
        return await self._runner.purge_all(kind=kind, older_than=older_than)

    async def kept(self, *, after: str | None = None, limit: int = 100) -> Page[Task]:
        """Passed on."""
        return await self._runner.kept(after=after, limit=limit)

    async def erase(self, task_id: TaskId) -> bool:
        """Passed on."""
        return await self._runner.erase(task_id)

    def resume(self) -> None:
        """Passed on."""
        self._runner.resume()

    async def drain(self, grace: timedelta) -> None:
        """Passed on."""
        await self._runner.drain(grace)


def _outcome_of(error: Exception) -> str:
    if isinstance(error, RetryTaskError):
        return RETRIED
    if isinstance(error, TaskHandedBackError):
        return HANDED_BACK
    return PERMANENT if isinstance(error, PermanentTaskError) else FAILED


def _code_of(error: Exception) -> str:
    return error.code if isinstance(error, HostError) else telemetry.OTHER


__all__ = [
    "FAILED",
    "HANDED_BACK",
    "PERMANENT",
    "RETRIED",
    "STOPPED",
    "SUCCEEDED",
    "ObservedRunner",
]
