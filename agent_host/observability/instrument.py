"""The host's tracer and its instruments, made once. The only ones who know a meter's name."""

from typing import Final

from opentelemetry import metrics, trace
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from agent_host import telemetry

_SECONDS: Final = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    300.0,
    1800.0,
)
_SHORT_SECONDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0)
_TOKENS: Final = tuple(float(4**power) for power in range(14))
"""As the conventions ask."""


class Instruments:
    """Over the given providers, else over those that the process has set globally."""

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        self.tracer = trace.get_tracer(telemetry.SCOPE, tracer_provider=tracer_provider)
        meter = metrics.get_meter(telemetry.SCOPE, meter_provider=meter_provider)

        def seconds(name: str, description: str, *, short: bool = False) -> metrics.Histogram:
            buckets = _SHORT_SECONDS if short else _SECONDS
            return meter.create_histogram(
                name, "s", description, explicit_bucket_boundaries_advisory=buckets
            )

        def gauge(name: str, unit: str, description: str) -> metrics.UpDownCounter:
            return meter.create_up_down_counter(name, unit, description)

        self.runs_started = meter.create_counter(
            telemetry.RUNS_STARTED, "{run}", "Runs whose target was started."
        )
        self.runs_finished = meter.create_counter(
            telemetry.RUNS_FINISHED, "{run}", "Runs that ended, by how they ended."
        )
        self.runs_active = gauge(telemetry.RUNS_ACTIVE, "{run}", "Runs this process executes.")
        self.run_duration = seconds(telemetry.RUN_DURATION, "From a run's start to its end.")
        self.run_queue_duration = seconds(
            telemetry.RUN_QUEUE_DURATION, "From a run's acceptance to its start."
        )
        self.first_event = seconds(
            telemetry.TIME_TO_FIRST_EVENT, "From the target's start to its first event."
        )
        self.agent_duration = seconds(telemetry.AGENT_DURATION, "How long the target ran.")
        self.tool_duration = seconds(telemetry.TOOL_DURATION, "How long the target's tools ran.")
        self.tokens = meter.create_histogram(
            telemetry.TOKEN_USAGE,
            "{token}",
            "Tokens that runs spent.",
            explicit_bucket_boundaries_advisory=_TOKENS,
        )
        self.commit_duration = seconds(
            telemetry.STORE_COMMIT_DURATION, "How long the store took to commit.", short=True
        )
        self.records_set_aside = meter.create_counter(
            telemetry.RECORDS_SET_ASIDE,
            "{record}",
            "What could not be made sense of, by its collection.",
        )
        self.tasks_scheduled = meter.create_counter(
            telemetry.TASKS_SCHEDULED, "{task}", "Tasks that were accepted."
        )
        self.tasks_running = gauge(telemetry.TASKS_RUNNING, "{task}", "Attempts under way.")
        self.tasks_waiting = meter.create_gauge(
            telemetry.TASKS_WAITING, "{task}", "Tasks that are scheduled, due or not."
        )
        self.task_oldest = meter.create_gauge(
            telemetry.TASK_OLDEST, "s", "How long the oldest waiting task has been due."
        )
        self.task_duration = seconds(telemetry.TASK_DURATION, "How long attempts took.")
        self.task_queue_duration = seconds(
            telemetry.TASK_QUEUE_DURATION, "From when a task was due to when it was attempted."
        )
        self.tasks_dead = meter.create_counter(
            telemetry.TASKS_DEAD, "{task}", "Tasks that were given up."
        )
        self.deliveries = meter.create_counter(
            telemetry.DELIVERIES, "{delivery}", "Attempts at deliveries, by how they ended."
        )
        self.push_duration = seconds(telemetry.PUSH_DURATION, "How long pushes took.")
        self.http_duration = seconds(telemetry.HTTP_DURATION, "How long requests took.")
        self.http_active = gauge(telemetry.HTTP_ACTIVE, "{request}", "Requests being served.")
        self.http_streams = gauge(telemetry.HTTP_STREAMS, "{stream}", "Open streams and sockets.")
        self.events_dropped = meter.create_counter(
            telemetry.EVENTS_DROPPED, "{event}", "Lifecycle events that a sink did not take."
        )


__all__ = ["Instruments"]
