"""Deliveries as spans, counts and lifecycle events."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent_host.errors import PushError, PushErrorClass
from agent_host.observability.callable_sink import CallableSink
from agent_host.observability.delivery_sink import delivery_sinks
from agent_host.observability.file_sink import FileSink
from agent_host.observability.log_sink import LogSink
from agent_host.protocols.event_sink import EventSink
from agent_host.types import DeliveryLifecycle
from agent_host.types.lifecycle import RunLifecycle
from tests.delivery.hosting import ALL, stage
from tests.telemetry.recording import Recording, attributes_of, context_of, parent_of

SECRET = "plum-tomato-42"


class Kept:
    """Keeps what it is sent."""

    name = "kept"

    def __init__(self) -> None:
        self.deliveries: list[DeliveryLifecycle] = []

    async def send(self, events: Sequence[RunLifecycle]) -> None:
        pass

    async def send_deliveries(self, events: Sequence[DeliveryLifecycle]) -> None:
        self.deliveries += events


async def test_an_attempt_is_below_the_run_whose_answer_it_sends() -> None:
    recording = Recording()
    async with stage(telemetry=recording.telemetry) as on:
        asked = await on.ask(SECRET)
        (delivery,) = await on.deliveries(asked)
    attempt = recording.one("attempt delivery")
    assert parent_of(attempt) == context_of(recording.one("run")).span_id
    attributes = attributes_of(attempt)
    assert attributes["agent_host.delivery.id"] == delivery.id
    assert attributes["agent_host.delivery.status"] == "accepted"
    assert attributes["agent_host.run.id"] == asked.run.id


async def test_outcomes_are_counted_by_channel_status_and_class_of_error() -> None:
    recording = Recording()
    async with stage(telemetry=recording.telemetry) as on:
        on.chat.will_raise(PushError(PushErrorClass.TRANSIENT, "busy"))
        on.mail.will_raise(PushError(PushErrorClass.PERMANENT, "blocked"))
        await on.deliveries(await on.ask("hi", ALL))
    total, name = recording.total, "agent_host.delivery.outcomes"
    chat, mail = {"agent_host__channel": "chat"}, {"agent_host__channel": "mail"}
    assert total(name, agent_host__delivery__status="failed", error__type="transient", **chat) == 1
    assert total(name, agent_host__delivery__status="accepted", **chat) == 1
    assert total(name, agent_host__delivery__status="dead", error__type="permanent", **mail) == 1
    assert total("agent_host.delivery.push.duration", **chat) == 2


async def test_sinks_that_want_to_are_told_of_deliveries(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "agent_host.events")
    kept, path = Kept(), tmp_path / "events"
    async with stage(event_sinks=[kept, FileSink(path), LogSink()]) as on:
        on.chat.will_raise(PushError(PushErrorClass.PERMANENT, "blocked"))
        (delivery,) = await on.deliveries(await on.ask(SECRET))
    assert [event.status.value for event in kept.deliveries] == ["attempting", "dead"]
    assert kept.deliveries[-1].error_code == "blocked"
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    last = [line for line in lines if line["event"].startswith("delivery.")][-1]
    assert last["event"] == "delivery.dead"
    assert last["delivery_id"] == delivery.id
    assert f"delivery {delivery.id} on chat dead: blocked" in caplog.text
    assert SECRET not in path.read_text("utf-8") + caplog.text


def test_a_sink_that_knows_runs_only_is_told_of_runs_only() -> None:
    def function(_: RunLifecycle) -> None:
        return None

    sink: EventSink = CallableSink(function)
    assert delivery_sinks([sink]) == []
