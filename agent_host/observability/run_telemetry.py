"""Runs as spans and counts."""

from collections.abc import Callable, Coroutine
from typing import Any

from opentelemetry.trace import SpanKind, Status, StatusCode

from agent_host import telemetry
from agent_host.failure_taxonomy import failure_class
from agent_host.observability.instrument import Instruments
from agent_host.types.lifecycle import RunLifecycle, RunPhase
from agent_host.types.run import Run

_QUIET = frozenset({RunPhase.QUEUED, RunPhase.QUESTION, RunPhase.RESUMED})


class RunTelemetry:
    """Counts are by channel, status and class of failure. The span has the ids."""

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments

    def count(self, event: RunLifecycle) -> None:
        """Count a start or an end."""
        if event.phase in _QUIET:
            return
        instruments = self._instruments
        attributes: dict[str, str | bool] = {telemetry.CHANNEL: event.channel}
        if event.phase is RunPhase.STARTED:
            instruments.runs_started.add(
                1, {**attributes, telemetry.RUN_BACKGROUND: event.background}
            )
            if event.queued_for is not None:
                queued = event.queued_for.total_seconds()
                instruments.run_queue_duration.record(max(queued, 0.0), attributes)
            return
        attributes[telemetry.RUN_STATUS] = event.status.value
        if event.failure is not None:
            attributes[telemetry.ERROR_TYPE] = event.failure.value
        instruments.runs_finished.add(1, attributes)
        if event.duration is not None:
            took = event.duration.total_seconds()
            instruments.run_duration.record(max(took, 0.0), attributes)

    async def executing(self, current: Callable[[], Run], work: Coroutine[Any, Any, None]) -> None:
        """Do the work within the run's span."""
        run = current()
        channel = {telemetry.CHANNEL: run.channel}
        attributes: dict[str, str | bool] = {
            **channel,
            telemetry.RUN_ID: run.id,
            telemetry.OPERATION: run.operation,
            telemetry.RUN_BACKGROUND: run.background,
        }
        if run.session_id is not None:
            attributes[telemetry.CONVERSATION_ID] = run.session_id
        self._instruments.runs_active.add(1, channel)
        with self._instruments.tracer.start_as_current_span(
            telemetry.SPAN_RUN,
            kind=SpanKind.INTERNAL,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                await work
            finally:
                self._instruments.runs_active.add(-1, channel)
                run = current()
                span.set_attribute(telemetry.RUN_STATUS, run.status.value)
                span.set_attribute(telemetry.RUN_ATTEMPT, run.attempt)
                if run.failure is not None:
                    failure = failure_class(run.failure.code)
                    span.set_attribute(telemetry.ERROR_TYPE, failure.value)
                    span.set_attribute(telemetry.FAILURE_CODE, telemetry.to_word(run.failure.code))
                    span.set_status(Status(StatusCode.ERROR))


__all__ = ["RunTelemetry"]
