"""Whatever a target does, its run ends cleanly, safely told, and the host goes on."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from agent_host.errors import FailureCode, TargetError, TargetRejectedError
from agent_host.types import (
    InputRequired,
    JsonValue,
    Question,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunPolicy,
    RunResult,
    RunStarted,
    RunStatus,
    TextDelta,
    Turn,
)
from tests.host.harness import events_of, hosted, request

POLICY = RunPolicy(
    time_limit=timedelta(seconds=0.2),
    cancel_grace=timedelta(seconds=0.1),
    event_limit=500,
    event_bytes_limit=200_000,
)


class Misbehaving:
    """Does what the text says."""

    def __init__(self) -> None:
        self.released = asyncio.Event()

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        yield TextDelta(text="well ")
        match turn.text:
            case "raises":
                raise ValueError("the password is hunter2")
            case "hangs":
                await asyncio.Event().wait()
            case "ignores cancel":
                while not self.released.is_set():
                    with contextlib.suppress(asyncio.CancelledError):
                        await self.released.wait()
            case "swallows cancel and goes on":
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
                yield TextDelta(text="still here")
            case "floods":
                while True:
                    yield TextDelta(text="x")
            case "floods bytes":
                while True:
                    yield TextDelta(text="x" * 10_000)
            case "yields garbage":
                yield 42  # type: ignore[misc] # the sin
            case "yields what is the engine's":
                yield RunStarted(run_id=turn.run_id)
            case "fills an event with garbage":
                yield TextDelta(text=42)  # type: ignore[arg-type] # the sin
            case "answers with what is no JSON":
                value: JsonValue = object()  # type: ignore[assignment] # the sin
                yield RunCompleted(result=RunResult(value=value))
            case "yields after its end":
                yield RunCompleted()
                yield TextDelta(text="one more thing")
            case "ends twice":
                yield RunCompleted()
                yield RunCompleted()
            case "hangs after its end":
                yield RunCompleted()
                await asyncio.Event().wait()
            case "asks nothing":
                yield InputRequired(questions=())
            case "asks with a bad schema":
                yield InputRequired(questions=(Question(prompt="?", schema={"type": 7}),))
            case "raises while it is closed":
                try:
                    yield 42  # type: ignore[misc] # the sin
                finally:
                    raise ValueError("hunter2")
            case _:
                pass


FAILS_WITH = {
    "raises": FailureCode.TARGET_ERROR,
    "hangs": FailureCode.TIMEOUT,
    "ignores cancel": FailureCode.TIMEOUT,
    "swallows cancel and goes on": FailureCode.TIMEOUT,
    "floods": FailureCode.TARGET_PROTOCOL,
    "floods bytes": FailureCode.TARGET_PROTOCOL,
    "yields garbage": FailureCode.TARGET_PROTOCOL,
    "yields what is the engine's": FailureCode.TARGET_PROTOCOL,
    "fills an event with garbage": FailureCode.TARGET_PROTOCOL,
    "answers with what is no JSON": FailureCode.TARGET_PROTOCOL,
    "yields after its end": FailureCode.TARGET_PROTOCOL,
    "ends twice": FailureCode.TARGET_PROTOCOL,
    "asks nothing": FailureCode.TARGET_PROTOCOL,
    "asks with a bad schema": FailureCode.TARGET_PROTOCOL,
    "raises while it is closed": FailureCode.TARGET_PROTOCOL,
}


@pytest.mark.parametrize("sin", FAILS_WITH)
async def test_it_ends_as_a_failed_run(sin: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    target = Misbehaving()
    async with hosted(target, run_policy=POLICY) as context:
        outcome = await context.run(request(sin))
        events = await events_of(context, outcome.run.id)
        healthy = await context.run(request("behaves"))
    target.released.set()
    failure = outcome.run.failure
    assert failure is not None
    assert (outcome.run.status, failure.code) == (RunStatus.FAILED, FAILS_WITH[sin])
    assert "hunter2" not in failure.message + caplog.text
    assert [event for event in events if isinstance(event, RunFailed)] == [events[-1]]
    assert healthy.run.status is RunStatus.COMPLETED


async def test_one_that_hangs_after_its_end_has_ended() -> None:
    async with hosted(Misbehaving(), run_policy=POLICY) as context:
        outcome = await context.run(request("hangs after its end"))
    assert outcome.run.status is RunStatus.COMPLETED
    assert outcome.result is not None
    assert outcome.result.text == "well "


async def test_the_log_names_run_and_place_and_keeps_the_text_for_debugging(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with hosted(Misbehaving(), run_policy=POLICY) as context:
        outcome = await context.run(request("raises"))
    told = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record for record in told if outcome.run.id in record.getMessage()]
    assert "ValueError" in told[0].getMessage()
    assert "test_misbehaving_target.py" in told[0].getMessage()
    assert not told[0].exc_info
    assert [
        record for record in caplog.records if record.levelno == logging.DEBUG and record.exc_info
    ]


async def polite(text: str) -> str:
    if text == "rejects":
        raise TargetRejectedError("I do not do that.")
    raise TargetError("The tool is away.", code=FailureCode.TOOL_ERROR, retryable=True)


async def test_a_target_may_say_why_it_fails() -> None:
    async with hosted(polite) as context:
        rejected = (await context.run(request("rejects"))).run.failure
        failed = (await context.run(request("fails"))).run.failure
    assert rejected is not None
    assert (rejected.code, rejected.message) == ("rejected", "I do not do that.")
    assert failed is not None
    assert (failed.code, failed.retryable) == ("tool_error", True)


async def test_a_flood_leaves_the_loop_to_others() -> None:
    endless = RunPolicy(time_limit=timedelta(seconds=5), event_limit=20_000)
    async with hosted(Misbehaving(), run_policy=endless) as context:
        flood = asyncio.ensure_future(context.run(request("floods")))
        for _ in range(20):
            assert (await context.run(request("behaves"))).run.status is RunStatus.COMPLETED
        assert not flood.done()
        flood.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await flood
