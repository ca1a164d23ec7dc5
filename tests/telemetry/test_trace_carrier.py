"""Trace context as it travels, and whatever else comes in its place."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import get_current_span

from agent_host.observability.trace_carrier import from_carrier, from_headers, link_to, to_carrier

TRACERS = TracerProvider(shutdown_on_exit=False)


@given(st.dictionaries(st.sampled_from(["traceparent", "tracestate", "baggage"]), st.text()))
def test_whatever_is_kept_is_gone_on_with_or_left(carrier: dict[str, str]) -> None:
    context = from_carrier(carrier)
    assert (context is None) == (link_to(context) == [])


@given(st.lists(st.tuples(st.sampled_from([b"traceparent", b"tracestate"]), st.binary())))
def test_whatever_is_sent_is_gone_on_with_or_left(headers: list[tuple[bytes, bytes]]) -> None:
    from_headers(headers)


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.sampled_from(["00", "01"]))
def test_a_header_is_read_as_it_was_written(trace: int, span: int, flags: str) -> None:
    sent = f"00-{trace:032x}-{span:016x}-{flags}"
    context = from_headers([(b"host", b"x"), (b"traceparent", sent.encode())])
    assert context is not None
    found = get_current_span(context).get_span_context()
    assert (found.trace_id, found.span_id, found.is_remote) == (trace, span, True)


def test_the_current_span_is_kept_and_nothing_without_one() -> None:
    assert to_carrier() == {}
    with TRACERS.get_tracer("t").start_as_current_span("here") as span:
        (link,) = link_to(from_carrier(to_carrier()))
    assert link.context.span_id == span.get_span_context().span_id
