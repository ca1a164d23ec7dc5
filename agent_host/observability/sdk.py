"""An OpenTelemetry SDK with its exporters, from options and the standard `OTEL_*` variables.

The only file that knows the extra `otel` beyond its API.
"""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from threading import Timer
from typing import Any, Final

from agent_host.errors import ConfigurationError, MissingExtraError
from agent_host.observability.provider import Telemetry, TelemetryOptions

METRICS_HOST: Final = "127.0.0.1"
FLUSH_SECONDS: Final = 3.0

_ENDPOINTS: Final = {
    "traces": "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "metrics": "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
}
_ANY_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_SERVICE_NAME: Final = "OTEL_SERVICE_NAME"
_SAMPLER: Final = "OTEL_TRACES_SAMPLER"

_logger = logging.getLogger(__name__)


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
    exporters: list[Any] = []
    if endpoints is not None:
        processor, reader = _otlp(endpoints, exporters)
        tracer_provider.add_span_processor(processor)
        readers.append(reader)
    wants_text = options.metrics_route or options.metrics_port is not None
    registry = _registry(readers) if wants_text else None
    meter_provider = MeterProvider(readers, resource, shutdown_on_exit=False)
    ending = _Ending([tracer_provider, meter_provider], exporters)

    def opening() -> None:
        if options.metrics_port is not None:
            ending.first = _listen(registry, options.metrics_port)

    return Telemetry(
        tracer_provider=tracer_provider,
        meter_provider=meter_provider,
        metrics_text=(lambda: _text_of(registry)) if options.metrics_route else None,
        trusts_callers=options.trusts_callers,
        opening=opening,
        closing=ending,
    )


class _Ending:
    """Exports what is left and shuts down. A collector that does not answer may hold it up for
    `FLUSH_SECONDS`; then its exporters are told to give up.
    """

    def __init__(self, providers: Sequence[Any], exporters: Sequence[Any]) -> None:
        self.first: Callable[[], None] | None = None
        self._providers = providers
        self._exporters = exporters

    def __call__(self) -> None:
        if self.first is not None:
            self.first()
        patience = Timer(FLUSH_SECONDS, self._give_up)
        patience.start()
        try:
            for provider in self._providers:
                _shut_down(provider)
        finally:
            patience.cancel()

    def _give_up(self) -> None:
        _logger.warning("the collector does not answer: telemetry.otlp_endpoint")
        for exporter in self._exporters:
            _shut_down(exporter)


def _shut_down(part: Any) -> None:  # noqa: ANN401 - of the extra
    try:
        part.shutdown()
    except Exception as error:  # noqa: BLE001 - what cannot be exported must not fail the host
        _logger.warning("telemetry was not shut down cleanly: %s", type(error).__name__)


def _endpoints(
    options: TelemetryOptions, environment: Mapping[str, str]
) -> Mapping[str, str | None] | None:
    """Where each signal goes, None for what the exporter reads from the environment itself."""
    if options.otlp_endpoint is not None:
        url = options.otlp_endpoint.rstrip("/")
        return {signal: f"{url}/v1/{signal}" for signal in _ENDPOINTS}
    names = (_ANY_ENDPOINT, *_ENDPOINTS.values())
    return dict.fromkeys(_ENDPOINTS) if any(environment.get(name) for name in names) else None


def _otlp(endpoints: Mapping[str, str | None], exporters: list[Any]) -> tuple[Any, Any]:
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
    exporters += [spans, metrics]
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


__all__ = ["METRICS_HOST", "create_telemetry"]
