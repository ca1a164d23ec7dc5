"""What a target logs says which run, channel and span it belongs to."""

import logging
from collections.abc import Iterator

import pytest

from agent_host.observability.log_filter import RunContextFilter
from tests.host.harness import hosted, request
from tests.telemetry.recording import Recording, context_of

LOG = logging.getLogger("agent_host.tests.telemetry")


class Handler(logging.Handler):
    """Keeps records."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[dict[str, object]] = []
        self.addFilter(RunContextFilter())

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(dict(vars(record)))


@pytest.fixture
def handler() -> Iterator[Handler]:
    kept = Handler()
    LOG.addHandler(kept)
    LOG.setLevel(logging.INFO)
    yield kept
    LOG.removeHandler(kept)


async def speak(text: str) -> str:
    LOG.info("working")
    return text


async def test_a_target_s_line_has_the_ids_of_its_run_and_span(handler: Handler) -> None:
    recording = Recording()
    async with hosted(speak, telemetry=recording.telemetry) as context:
        outcome = await context.run(request("x"))
    (record,) = handler.records
    span = context_of(recording.one("invoke_agent"))
    assert record["run_id"] == outcome.run.id
    assert record["channel"] == "test"
    assert record["trace_id"] == f"{span.trace_id:032x}"
    assert record["span_id"] == f"{span.span_id:016x}"


async def test_without_telemetry_it_has_those_of_its_run(handler: Handler) -> None:
    async with hosted(speak) as context:
        outcome = await context.run(request("x"))
    LOG.info("afterwards")
    within, after = handler.records
    assert (within["run_id"], within["channel"]) == (outcome.run.id, "test")
    assert (within["trace_id"], within["span_id"]) == ("", "")
    assert (after["run_id"], after["channel"]) == ("", "")
