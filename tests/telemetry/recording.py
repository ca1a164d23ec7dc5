"""An SDK in memory, and what a host has told it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agent_host.observability.provider import Telemetry

Tree: TypeAlias = Mapping[str, Any]


class Recording:
    """One per test."""

    def __init__(self, **options: Any) -> None:
        self._exporter = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        tracers = TracerProvider(shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.telemetry = Telemetry(
            tracer_provider=tracers,
            meter_provider=MeterProvider([self._reader], shutdown_on_exit=False),
            **options,
        )

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        """Those that have ended, by their start."""
        return sorted(self._exporter.get_finished_spans(), key=lambda span: span.start_time or 0)

    def named(self, start: str) -> list[ReadableSpan]:
        """The spans whose names begin so."""
        return [span for span in self.spans if span.name.startswith(start)]

    def one(self, start: str) -> ReadableSpan:
        """The only span whose name begins so."""
        (span,) = self.named(start)
        return span

    def tree(self, *left_out: str) -> Tree:
        """Names within names; those that are left out, with all that is in them, are not there."""
        known = {context_of(span).span_id for span in self.spans}
        roots = [span for span in self.spans if span.parent is None or parent_of(span) not in known]
        return {span.name: self._below(span, left_out) for span in roots}

    def _below(self, above: ReadableSpan, left_out: Sequence[str]) -> Tree:
        return {
            span.name: self._below(span, left_out)
            for span in self.spans
            if parent_of(span) == context_of(above).span_id and span.name not in left_out
        }

    def points(self, name: str) -> list[Any]:
        """A metric's points, one for each set of attributes."""
        return [point for metric in self.metrics() if metric.name == name for point in _of(metric)]

    def total(self, name: str, **attributes: Any) -> float:
        """The sum of a counter's points, or the number of a histogram's values, with these
        attributes, whose names are written with `__` for a dot.
        """
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}
        found = [p for p in self.points(name) if wanted.items() <= dict(p.attributes).items()]
        return float(sum(p.value if hasattr(p, "value") else p.count for p in found))

    def metrics(self) -> Iterator[Any]:
        """All of them."""
        data = self._reader.get_metrics_data()
        for resource in data.resource_metrics if data is not None else ():
            for scope in resource.scope_metrics:
                yield from scope.metrics

    def everything(self) -> str:
        """Every span and every metric, as text."""
        spans = [str(span.to_json()) for span in self.spans]
        metrics = [metric.to_json() for metric in self.metrics()]
        return "\n".join([*spans, *metrics])


def _of(metric: Any) -> Sequence[Any]:
    return list(metric.data.data_points)


def context_of(span: ReadableSpan) -> Any:
    """Its ids."""
    assert span.context is not None
    return span.context


def parent_of(span: ReadableSpan) -> int | None:
    """The id of the span above."""
    return None if span.parent is None else span.parent.span_id


def attributes_of(span: ReadableSpan) -> dict[str, Any]:
    """What it says."""
    return dict(span.attributes or {})
