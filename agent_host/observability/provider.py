"""Where telemetry goes: the providers a program brings, or an SDK set up from options and the
standard `OTEL_*` variables.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from agent_host.errors import ConfigurationError, MissingExtraError

METRICS_HOST: Final = "127.0.0.1"

_SHUTDOWN_MILLISECONDS: Final = 5000
_ENDPOINTS: Final = {
    "traces": "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "metrics": "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
}
_ANY_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_SERVICE_NAME: Final = "OTEL_SERVICE_NAME"
_SAMPLER: Final = "OTEL_TRACES_SAMPLER"


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryOptions:
    """What `[telemetry]` says. A standard `OTEL_*` variable wins over `service_name` and
    `sampling`, and stands in for `otlp_endpoint` where that is not set.
    """

    service_name: str = "agent-host"
    otlp_endpoint: str | None = None
    sampling: float = 1.0
    metrics_route: bool = False
    metrics_port: int | None = None
    trusts_callers: bool = True


class Telemetry:
    """Where spans and metrics go. Without providers, to those that the process has set globally,
    which are not shut down here.

    With `metrics_text`, which renders Prometheus text, the host has a `/metrics` route for callers
    with the scope `admin`. Entered before
    the host's other parts and left after them; `closing` is then called in a worker thread.
    """

    def __init__(
        self,
        *,
        tracer_provider: Any = None,  # noqa: ANN401 - the API's abstract class, not imported here
        meter_provider: Any = None,  # noqa: ANN401
        metrics_text: Callable[[], bytes] | None = None,
        trusts_callers: bool = True,
        opening: Callable[[], None] | None = None,
        closing: Callable[[], None] | None = None,
    ) -> None:
        self.tracer_provider = tracer_provider
        self.meter_provider = meter_provider
        self.metrics_text = metrics_text
        self.trusts_callers = trusts_callers
        self._opening = opening
        self._closing = closing

    async def __aenter__(self) -> Self:
        if self._opening is not None:
            self._opening()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._closing is not None:
            await asyncio.to_thread(self._closing)


def create_telemetry(
    options: TelemetryOptions, *, environment: Mapping[str, str] | None = None
) -> Telemetry:
    """An SDK with its exporters, shut down with the host.

    Raises:
        MissingExtraError: the extra `otel` is not installed.
        ConfigurationError: the port for metrics is taken, once the host starts.
    """
    environment = os.environ if environment is None else environment
    try:
        from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("otel", "telemetry") from error
    named = {} if environment.get(_SERVICE_NAME) else {"service.name": options.service_name}
    resource = Resource.create(named)
    sampler = None if environment.get(_SAMPLER) else ParentBasedTraceIdRatio(options.sampling)
    tracer_provider = TracerProvider(sampler, resource, shutdown_on_exit=False)
    endpoints = _endpoints(options, environment)
    readers: list[Any] = []
    if endpoints is not None:
        processor, reader = _otlp(endpoints)
        tracer_provider.add_span_processor(processor)
        readers.append(reader)
    wants_text = options.metrics_route or options.metrics_port is not None
    registry = _registry(readers) if wants_text else None
    meter_provider = MeterProvider(readers, resource, shutdown_on_exit=False)
    closing = ExitStack()
    closing.callback(meter_provider.shutdown, timeout_millis=_SHUTDOWN_MILLISECONDS)
    closing.callback(tracer_provider.shutdown)

    def opening() -> None:
        if options.metrics_port is not None:
            closing.callback(_listen(registry, options.metrics_port))

    return Telemetry(
        tracer_provider=tracer_provider,
        meter_provider=meter_provider,
        metrics_text=(lambda: _text_of(registry)) if options.metrics_route else None,
        trusts_callers=options.trusts_callers,
        opening=opening,
        closing=closing.close,
    )


def _endpoints(
    options: TelemetryOptions, environment: Mapping[str, str]
) -> Mapping[str, str | None] | None:
    """Where each signal goes, None for what the exporter reads from the environment itself."""
    if options.otlp_endpoint is not None:
        url = options.otlp_endpoint.rstrip("/")
        return {signal: f"{url}/v1/{signal}" for signal in _ENDPOINTS}
    names = (_ANY_ENDPOINT, *_ENDPOINTS.values())
    return dict.fromkeys(_ENDPOINTS) if any(environment.get(name) for name in names) else None


def _otlp(endpoints: Mapping[str, str | None]) -> tuple[Any, Any]:
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415
            OTLPMetricExporter,
        )
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.metrics.export import (  # noqa: PLC0415
            PeriodicExportingMetricReader,
        )
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("otel", "export by OTLP") from error
    spans = OTLPSpanExporter(endpoint=endpoints["traces"])
    metrics = OTLPMetricExporter(endpoint=endpoints["metrics"])
    return BatchSpanProcessor(spans), PeriodicExportingMetricReader(metrics)


def _registry(readers: list[Any]) -> Any:  # noqa: ANN401 - of the extra
    """A registry of its own, so that two hosts in one process do not mix."""
    try:
        from opentelemetry.exporter.prometheus import PrometheusMetricReader  # noqa: PLC0415
        from prometheus_client import CollectorRegistry  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("otel", "metrics for Prometheus") from error
    registry = CollectorRegistry()
    readers.append(PrometheusMetricReader(registry=registry, scope_info_enabled=False))
    return registry


def _text_of(registry: Any) -> bytes:  # noqa: ANN401
    from prometheus_client import generate_latest  # noqa: PLC0415

    return generate_latest(registry)


def _listen(registry: Any, port: int) -> Callable[[], None]:  # noqa: ANN401
    """Serve the text on loopback only, from a thread; how to stop that."""
    from prometheus_client import start_http_server  # noqa: PLC0415

    try:
        server, thread = start_http_server(port, addr=METRICS_HOST, registry=registry)
    except OSError as error:
        message = f"Port {port} cannot be had; set another telemetry.metrics_port."
        raise ConfigurationError(message) from error

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop


__all__ = ["METRICS_HOST", "Telemetry", "TelemetryOptions", "create_telemetry"]
