"""Trace context on its way: in headers, and in the record of a durable task.

W3C Trace Context (https://www.w3.org/TR/trace-context/) only. Baggage is not carried: it holds
whatever a caller put there.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanContext, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_PROPAGATOR: Final = TraceContextTextMapPropagator()
_NAMES: Final = frozenset({b"traceparent", b"tracestate"})


def to_carrier() -> dict[str, str]:
    """The context of the current span, to be kept; empty without one."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier


def from_carrier(carrier: Mapping[str, str]) -> Context | None:
    """The context that was kept, to go on in; None where there is none, or it makes no sense."""
    if not carrier:
        return None
    context = _PROPAGATOR.extract(carrier, context=Context())
    return context if _span_context(context).is_valid else None


def from_headers(headers: Iterable[tuple[bytes, bytes]]) -> Context | None:
    """The context that a caller sent, to go on in."""
    found = {name: value for name, value in headers if name in _NAMES}
    if not found:
        return None
    return from_carrier(
        {name.decode("latin-1"): value.decode("latin-1") for name, value in found.items()}
    )


def link_to(context: Context | None) -> list[Link]:
    """A link to the span that the context is of; none without one."""
    return [] if context is None else [Link(_span_context(context))]


def _span_context(context: Context) -> SpanContext:
    return get_current_span(context).get_span_context()


__all__ = ["from_carrier", "from_headers", "link_to", "to_carrier"]
