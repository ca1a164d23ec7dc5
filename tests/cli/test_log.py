"""Log lines for people and for machines."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from opentelemetry.trace import NonRecordingSpan, SpanContext, use_span

from agent_host.cli.log import configure_logging
from agent_host.context import current_channel, current_run_id
from agent_host.observability.log_filter import RunContextFilter
from agent_host.types.identifier import RunId

LOG = logging.getLogger("agent_host.tests")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def run_id() -> Iterator[str]:
    token = current_run_id.set(RunId("run_1"))
    yield "run_1"
    current_run_id.reset(token)


def test_a_json_line_says_when_who_and_what() -> None:
    stream = io.StringIO()
    configure_logging(level="info", format="json", stream=stream)
    LOG.info("run %s ended", "run_2")
    line = json.loads(stream.getvalue())
    assert line.pop("time").endswith("+00:00")
    assert line == {"level": "info", "logger": "agent_host.tests", "message": "run run_2 ended"}


def test_a_json_line_carries_the_run_and_the_error(run_id: str) -> None:
    stream = io.StringIO()
    configure_logging(level="info", format="json", stream=stream)
    LOG.error("failed", exc_info=ValueError("first\nsecond"))
    (text,) = stream.getvalue().splitlines()
    line = json.loads(text)
    assert line["run_id"] == run_id
    assert "ValueError: first\nsecond" in line["exception"]


def test_a_line_for_people_ends_with_the_run(run_id: str) -> None:
    stream = io.StringIO()
    configure_logging(level="info", format="human", stream=stream)
    LOG.warning("slow")
    assert stream.getvalue().endswith(f"WARNING agent_host.tests: slow [{run_id}]\n")


def test_a_line_for_people_without_a_run_has_no_bracket() -> None:
    stream = io.StringIO()
    configure_logging(level="info", format="human", stream=stream)
    LOG.warning("slow")
    assert stream.getvalue().endswith("slow\n")


def test_a_json_line_of_a_run_has_its_channel_and_span(run_id: str) -> None:
    stream = io.StringIO()
    configure_logging(level="info", format="json", stream=stream)
    context = SpanContext(trace_id=0xA, span_id=0xB, is_remote=False)
    token = current_channel.set("rest")
    try:
        with use_span(NonRecordingSpan(context)):
            LOG.info("within")
    finally:
        current_channel.reset(token)
    line = json.loads(stream.getvalue())
    assert (line["run_id"], line["channel"]) == (run_id, "rest")
    assert (line["trace_id"], line["span_id"]) == (f"{0xA:032x}", f"{0xB:016x}")


def test_any_handler_can_have_the_ids(run_id: str) -> None:
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "message", None, None)
    assert RunContextFilter().filter(record)
    assert (vars(record)["run_id"], vars(record)["trace_id"]) == (run_id, "")


def test_the_level_holds_and_urls_of_http_calls_stay_out() -> None:
    stream = io.StringIO()
    configure_logging(level="warning", format="human", stream=stream)
    LOG.info("not shown")
    configure_logging(level="debug", format="human", stream=stream)
    logging.getLogger("httpx").info("GET https://example.org/bot123:token/send")
    assert stream.getvalue() == ""
