"""Sinks that misbehave: each alone pays for it, never a run."""

import asyncio
import json
import logging
import stat
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from agent_host.observability import event_feed
from agent_host.observability.callable_sink import CallableSink
from agent_host.observability.event_feed import EventFeed
from agent_host.observability.event_json import to_json
from agent_host.observability.file_sink import FileSink
from agent_host.observability.log_sink import LogSink
from agent_host.protocols.event_sink import EventSink
from agent_host.types import RunId, RunStatus
from agent_host.types.lifecycle import RunLifecycle, RunPhase

AT = datetime(2026, 1, 1, tzinfo=UTC)


def event(number: int = 0, phase: RunPhase = RunPhase.STARTED) -> RunLifecycle:
    return RunLifecycle(
        phase=phase,
        run_id=RunId(f"run_{number}"),
        at=AT,
        status=RunStatus.RUNNING,
        channel="rest",
        operation="invoke",
    )


class Kept:
    """Keeps what it is sent, once it may."""

    name = "kept"

    def __init__(self) -> None:
        self.events: list[RunLifecycle] = []
        self.batches: list[int] = []
        self.may_go = asyncio.Event()
        self.may_go.set()

    async def send(self, events: Sequence[RunLifecycle]) -> None:
        await self.may_go.wait()
        self.events += events
        self.batches.append(len(events))


class Raising:
    name = "raising"

    async def send(self, events: Sequence[RunLifecycle]) -> None:
        message = "a secret"
        raise RuntimeError(message)


class Stuck:
    name = "stuck"

    async def send(self, events: Sequence[RunLifecycle]) -> None:
        await asyncio.Event().wait()


class Dropped:
    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def __call__(self, sink: str, count: int) -> None:
        self.counts[sink] = self.counts.get(sink, 0) + count


async def test_events_come_in_order_and_in_bounded_batches() -> None:
    sink = Kept()
    async with EventFeed([sink]) as feed:
        for number in range(250):
            feed.offer(event(number))
    assert [one.run_id for one in sink.events] == [f"run_{number}" for number in range(250)]
    assert max(sink.batches) == 100


async def test_a_slow_sink_loses_what_its_queue_cannot_hold_and_no_other_does(
    caplog: pytest.LogCaptureFixture,
) -> None:
    slow, quick, dropped = Kept(), Kept(), Dropped()
    slow.name, quick.name = "slow", "quick"
    slow.may_go.clear()
    async with EventFeed([slow, quick], dropped=dropped, queue_limit=10) as feed:
        for number in range(50):
            feed.offer(event(number))
            while len(quick.events) <= number:
                await asyncio.sleep(0)
        slow.may_go.set()
    assert len(quick.events) == 50
    assert len(slow.events) + dropped.counts["slow"] == 50
    assert len(slow.events) <= 11
    assert "quick" not in dropped.counts
    assert [record.message for record in caplog.records].count(
        "the event sink slow is too slow: events are lost"
    ) == 1


async def test_what_a_sink_raises_is_counted_and_its_text_is_not_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    dropped, beside = Dropped(), Kept()
    sinks: list[EventSink] = [Raising(), beside]
    async with EventFeed(sinks, dropped=dropped) as feed:
        feed.offer(event())
    assert dropped.counts == {"raising": 1}
    assert len(beside.events) == 1
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


async def test_a_stuck_sink_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_feed, "FLUSH_SECONDS", 0.01)
    dropped = Dropped()
    async with EventFeed([Stuck()], dropped=dropped) as feed:
        for number in range(150):
            feed.offer(event(number))
    assert dropped.counts == {"stuck": 150}


async def test_a_sink_that_takes_too_long_is_given_up_for_that_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_feed, "SEND_SECONDS", 0.01)
    dropped = Dropped()
    async with EventFeed([Stuck()], dropped=dropped) as feed:
        feed.offer(event())
        while not dropped.counts:
            await asyncio.sleep(0)
    assert dropped.counts == {"stuck": 1}


class Opened(Kept):
    """A sink with a connection."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__()
        self.states: list[str] = []
        self._fails = fails

    async def __aenter__(self) -> Self:
        if self._fails:
            raise OSError
        self.states.append("open")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.states.append(f"closed after {len(self.events)}")


async def test_a_sink_is_entered_before_and_left_after_its_events() -> None:
    sink = Opened()
    async with EventFeed([sink]) as feed:
        feed.offer(event())
    assert sink.states == ["open", "closed after 1"]


async def test_sinks_that_were_opened_are_closed_when_a_later_one_fails() -> None:
    first = Opened()
    with pytest.raises(OSError):  # noqa: PT011 - the sink's own
        async with EventFeed([first, Opened(fails=True)]):
            raise AssertionError
    assert first.states == ["open", "closed after 0"]


async def test_a_file_gets_a_line_each_and_may_be_moved_away(tmp_path: Path) -> None:
    path, sink = tmp_path / "events.jsonl", FileSink(tmp_path / "events.jsonl")
    await sink.send([event(1), event(2)])
    path.rename(tmp_path / "old.jsonl")
    await sink.send([event(3)])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [json.loads(line)["run_id"] for line in path.read_text().splitlines()] == ["run_3"]
    assert len((tmp_path / "old.jsonl").read_text().splitlines()) == 2


def test_json_leaves_out_what_is_not_known() -> None:
    assert json.loads(to_json(event())) == {
        "time": "2026-01-01T00:00:00.000+00:00",
        "event": "run.started",
        "run_id": "run_0",
        "status": "running",
        "channel": "rest",
        "operation": "invoke",
        "background": False,
        "attempt": 0,
    }


async def test_a_log_line_has_the_level_of_its_event(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "agent_host.events")
    await LogSink().send([event(1), event(2, RunPhase.INTERRUPTED)])
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("INFO", "run run_1 on rest started"),
        ("WARNING", "run run_2 on rest interrupted"),
    ]


async def test_functions_are_sinks_and_may_block() -> None:
    threads: list[int] = []
    seen: list[str] = []

    def blocking(one: RunLifecycle) -> None:
        threads.append(threading.get_ident())

    async def quick(one: RunLifecycle) -> None:
        seen.append(one.run_id)
        if one.run_id == "run_1":
            raise RuntimeError

    await CallableSink(blocking).send([event()])
    assert threads != [threading.get_ident()]
    with pytest.raises(ExceptionGroup):
        await CallableSink(quick, name="mine").send([event(1), event(2)])
    assert seen == ["run_1", "run_2"]
    assert (CallableSink(quick).name, CallableSink(quick, name="mine").name) == ("quick", "mine")


def test_a_duration_is_in_seconds() -> None:
    ended = RunLifecycle(
        phase=RunPhase.COMPLETED,
        run_id=RunId("run_1"),
        at=AT,
        status=RunStatus.COMPLETED,
        channel="rest",
        operation="invoke",
        duration=timedelta(milliseconds=1500),
    )
    assert json.loads(to_json(ended))["duration_seconds"] == 1.5
