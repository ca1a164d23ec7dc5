"""What the host reports of itself, and to whom."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from agent_host.observability.file_sink import FileSink
from agent_host.observability.log_sink import LogSink
from agent_host.observability.provider import TelemetryOptions
from agent_host.protocols.event_sink import EventSink
from agent_host.settings.section import Section

_DEFAULT = TelemetryOptions()


class TelemetrySettings(Section):
    """Traces, metrics, and the events of runs. They carry ids, never content."""

    enabled: bool = Field(
        default=False,
        description="Report traces and metrics by OpenTelemetry; needs the extra `otel`.",
    )
    service_name: str = Field(
        default=_DEFAULT.service_name,
        min_length=1,
        description="The service's name, where OTEL_SERVICE_NAME says none.",
    )
    otlp_endpoint: str | None = Field(
        default=_DEFAULT.otlp_endpoint,
        pattern=r"^https?://",
        repr=False,
        description=(
            "The collector's URL for OTLP over HTTP, such as http://127.0.0.1:4318. Without it "
            "OTEL_EXPORTER_OTLP_ENDPOINT counts; without either nothing is exported."
        ),
    )
    sampling: float = Field(
        default=_DEFAULT.sampling,
        ge=0,
        le=1,
        description="The share of new traces to record, where OTEL_TRACES_SAMPLER says none.",
    )
    trust_callers: bool = Field(
        default=_DEFAULT.trusts_callers,
        description=(
            "Go on with the trace that a caller's `traceparent` names, whether it is recorded "
            "included. Without, a request begins a trace that links to the caller's."
        ),
    )
    metrics_route: bool = Field(
        default=_DEFAULT.metrics_route,
        description="Serve /metrics for Prometheus, to callers with the scope `admin` only.",
    )
    metrics_port: int | None = Field(
        default=_DEFAULT.metrics_port,
        ge=1,
        le=65535,
        description="Serve the same on this port of 127.0.0.1, to whoever is on the machine.",
    )
    event_log: bool = Field(default=False, description="Log the stations of every run.")
    event_file: Path | None = Field(
        default=None,
        description=(
            "Append the stations of every run to this file, as JSON lines. It is seen from the "
            "working directory, and nothing shortens it."
        ),
    )

    @model_validator(mode="after")
    def _check_enabled(self) -> Self:
        if not self.enabled and (self.metrics_route or self.metrics_port is not None):
            message = "metrics_route and metrics_port need `enabled = true`"
            raise ValueError(message)
        return self

    def to_options(self) -> TelemetryOptions:
        """What the SDK is set up by."""
        return TelemetryOptions(
            service_name=self.service_name,
            otlp_endpoint=self.otlp_endpoint,
            sampling=self.sampling,
            trusts_callers=self.trust_callers,
            metrics_route=self.metrics_route,
            metrics_port=self.metrics_port,
        )

    def to_sinks(self) -> Sequence[EventSink]:
        """Who is told of runs."""
        sinks: list[EventSink] = []
        if self.event_log:
            sinks.append(LogSink())
        if self.event_file is not None:
            sinks.append(FileSink(self.event_file))
        return sinks


__all__ = ["TelemetrySettings"]
