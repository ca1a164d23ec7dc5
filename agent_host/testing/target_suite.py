"""What every `Target` owes, as tests; an adapter is tested by what it makes.

For an adapter of your own:

    class TestMyAdapter(TargetSuite):
        @pytest.fixture
        def sample(self) -> TargetSample:
            return lambda behavior: MyAgent(behavior)
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final, get_args

import pytest

from agent_host.app import AgentHost
from agent_host.context import current_principal
from agent_host.errors import TargetError
from agent_host.host.run.collector import ResultCollector
from agent_host.host.run.target_stream import YIELDABLE
from agent_host.protocols.host_context import HostContext
from agent_host.protocols.target import Target
from agent_host.testing.target_fixture import (
    Behavior,
    TargetFixture,
    TargetSample,
    drain,
    entered,
    make_turn,
    repeat,
)
from agent_host.types.event import RunCompleted, RunEvent, RunFailed, TerminalEvent
from agent_host.types.message import Message
from agent_host.types.principal import Principal
from agent_host.types.request import Caller, ChannelRequest
from agent_host.types.result import RunResult
from agent_host.types.run import HostedResult, RunStatus
from agent_host.types.run_policy import RunPolicy
from agent_host.types.session import SessionMode
from agent_host.types.target import TargetCapabilities, TargetDescription

SECRET: Final = "correct-horse-battery"  # noqa: S105 - what must not leak
AT_ONCE: Final = 12

_CALLER: Final = Caller(channel="test")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_WITHIN_SECONDS: Final = 10.0
_POLICY: Final = RunPolicy(cancel_grace=timedelta(milliseconds=50))


class Hanging:
    """A behaviour that begins and does not end by itself."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.ended = asyncio.Event()

    async def __call__(self, texts: Sequence[str]) -> str:
        """Wait for ever."""
        del texts
        self.began.set()
        try:
            return await asyncio.Future[str]()
        finally:
            self.ended.set()


class Meeting:
    """A behaviour that goes on only once `AT_ONCE` runs have begun."""

    def __init__(self) -> None:
        self._barrier = asyncio.Barrier(AT_ONCE)

    async def __call__(self, texts: Sequence[str]) -> str:
        """What was said, after all the others were told theirs."""
        async with asyncio.timeout(_WITHIN_SECONDS):
            await self._barrier.wait()
        return await repeat(texts)


async def fail(texts: Sequence[str]) -> str:
    """Fail with a text that nobody may see."""
    raise RuntimeError(f"{SECRET} for {texts}")


class TargetSuite(TargetFixture):
    """The whole contract. Override the `sample` fixture."""

    async def test_it_says_what_it_is_and_keeps_to_it(self, sample: TargetSample) -> None:
        async with entered(sample, repeat) as target:
            before = (target.description, target.capabilities)
            await drain(target.run(make_turn("run_1", "hello")))
            assert (target.description, target.capabilities) == before
        description, capabilities = before
        assert isinstance(description, TargetDescription)
        assert isinstance(capabilities, TargetCapabilities)
        assert _NAME.fullmatch(description.name)

    async def test_it_yields_what_a_target_may_and_a_terminal_only_at_the_end(
        self, sample: TargetSample
    ) -> None:
        async with entered(sample, repeat) as target:
            events = await drain(target.run(make_turn("run_1", "hello")))
            streams = target.capabilities.streams
        assert {type(event) for event in events} <= YIELDABLE
        assert not any(isinstance(event, get_args(TerminalEvent)) for event in events[:-1])
        assert collected(events).text == "hello"
        if streams:
            assert not isinstance(events[0], get_args(TerminalEvent))

    async def test_runs_share_nothing(self, sample: TargetSample) -> None:
        texts = [f"text {number}" for number in range(AT_ONCE)]
        async with entered(sample, Meeting()) as target, asyncio.TaskGroup() as group:
            runs = [
                group.create_task(drain(target.run(make_turn(f"run_{text[5:]}", text))))
                for text in texts
            ]
        assert [collected(run.result()).text for run in runs] == texts

    async def test_a_run_that_is_dropped_stops_its_work(self, sample: TargetSample) -> None:
        hanging = Hanging()
        async with entered(sample, hanging) as target:
            run = asyncio.ensure_future(drain(target.run(make_turn("run_1", "hello"))))
            async with asyncio.timeout(_WITHIN_SECONDS):
                await hanging.began.wait()
                run.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await run
                await hanging.ended.wait()

    async def test_a_run_that_is_cancelled_ends_as_cancelled(self, sample: TargetSample) -> None:
        hanging = Hanging()
        async with hosting(sample, hanging) as context, asyncio.timeout(_WITHIN_SECONDS):
            async with context.stream(_request("hello")) as stream:
                await hanging.began.wait()
                view = await context.runs(_CALLER)
                await view.cancel(stream.run.id)
                async for _ in stream:
                    pass
            after = await view.get(stream.run.id)
            await hanging.ended.wait()
        assert after.run.status is RunStatus.CANCELLED

    async def test_a_conversation_is_whole_whoever_keeps_it(self, sample: TargetSample) -> None:
        async with hosting(sample, repeat) as context:
            answers = [
                await said(context, "first", session="one"),
                await said(context, "second", session="one"),
                await said(context, "third", session="other"),
                await said(context, "fourth"),
            ]
        assert answers == ["first", "first / second", "third", "fourth"]

    async def test_people_do_not_meet(self, sample: TargetSample) -> None:
        async with hosting(sample, repeat) as context:
            await said(context, "mine", session="one")
            token = current_principal.set(Principal(id="bob", kind="token"))
            of_bob = await said(context, "and mine", session="one")
            current_principal.reset(token)
        assert of_bob == "and mine"

    async def test_a_failure_says_nothing_of_its_cause(self, sample: TargetSample) -> None:
        async with entered(sample, fail) as target:
            told = await failure_of(target)
        assert SECRET not in told
        async with hosting(sample, fail) as context:
            run = (await context.run(_request("hello"))).run
        assert run.status is RunStatus.FAILED
        assert run.failure is not None
        assert run.failure.code
        assert SECRET not in run.failure.message

    async def test_it_works_on_after_a_failure(self, sample: TargetSample) -> None:
        async def fail_once(texts: Sequence[str]) -> str:
            return await (fail if texts[-1] == "fail" else repeat)(texts)

        async with hosting(sample, fail_once) as context:
            failed = await context.run(_request("fail"))
            answer = await said(context, "hello")
        assert failed.run.status is RunStatus.FAILED
        assert answer == "hello"


@asynccontextmanager
async def hosting(sample: TargetSample, behavior: Behavior) -> AsyncGenerator[HostContext]:
    """The context of a host of the sample; alice calls."""
    host = AgentHost(sample(behavior), run_policy=_POLICY)
    async with host:
        token = current_principal.set(Principal(id="alice", kind="token"))
        try:
            yield host.context
        finally:
            current_principal.reset(token)


def collected(events: Sequence[RunEvent]) -> RunResult:
    """What the engine makes of the events of a run that went well."""
    collector = ResultCollector()
    result = RunResult()
    for event in events:
        if isinstance(event, RunCompleted):
            result = event.result
        collector.add(event)
    return collector.result(result)


async def failure_of(target: Target) -> str:
    """What a caller would be told of a run that fails."""
    try:
        events = await drain(target.run(make_turn("run_1", "hello")))
    except TargetError as error:
        return str(error)
    except Exception:  # noqa: BLE001 - the engine tells nobody of it
        return ""
    last = events[-1]
    assert isinstance(last, RunFailed), "it failed and does not say so"
    return last.failure.message


async def said(context: HostContext, text: str, *, session: str | None = None) -> str:
    """The answer to a turn; without a session, of none."""
    hosted: HostedResult = await context.run(_request(text, session=session))
    assert hosted.result is not None, hosted.run.failure
    return hosted.result.text


def _request(text: str, *, session: str | None = None) -> ChannelRequest:
    mode = SessionMode.AUTO if session else SessionMode.DISABLED
    return ChannelRequest(
        caller=_CALLER, input=(Message.user(text),), session=session, session_mode=mode
    )


__all__ = [
    "Hanging",
    "Meeting",
    "TargetSuite",
    "collected",
    "fail",
    "failure_of",
    "hosting",
    "said",
]
